# Where the containers' logs go: a JSON object a line, whose events docs/operations.md lists.

resource "azurerm_log_analytics_workspace" "this" {
  name                = "${var.name}-logs"
  location            = data.azurerm_resource_group.this.location
  resource_group_name = data.azurerm_resource_group.this.name
  sku                 = "PerGB2018"
  retention_in_days   = var.log_retention_days
  tags                = var.tags
}
