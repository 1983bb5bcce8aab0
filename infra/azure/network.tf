# What has to be there already.

data "azurerm_resource_group" "this" {
  name = var.resource_group
}

data "azurerm_subnet" "this" {
  name                 = var.subnet
  virtual_network_name = var.virtual_network
  resource_group_name  = data.azurerm_resource_group.this.name
}

resource "azurerm_container_app_environment" "this" {
  name                       = "${var.name}-environment"
  location                   = data.azurerm_resource_group.this.location
  resource_group_name        = data.azurerm_resource_group.this.name
  logs_destination           = "log-analytics"
  log_analytics_workspace_id = azurerm_log_analytics_workspace.this.id
  infrastructure_subnet_id   = data.azurerm_subnet.this.id
  tags                       = var.tags

  # Without a profile the subnet would have to be /23.
  workload_profile {
    name                  = "Consumption"
    workload_profile_type = "Consumption"
  }
}
