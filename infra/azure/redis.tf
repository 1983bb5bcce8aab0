# Open approvals and claims, for all replicas. (Azure Cache for Redis takes no new customers and ends in 2028.)

resource "azurerm_managed_redis" "this" {
  count = var.redis ? 1 : 0

  name                = "${var.name}-redis"
  location            = data.azurerm_resource_group.this.location
  resource_group_name = data.azurerm_resource_group.this.name
  sku_name            = var.redis_sku
  tags                = var.tags

  default_database {
    # The replicas sign in with a key.
    access_keys_authentication_enabled = true
    client_protocol                    = "Encrypted"
    # One address that answers for every key. The default sends clients on to other nodes.
    clustering_policy = "EnterpriseCluster"
    # The default would forget open approvals when memory is short.
    eviction_policy = "NoEviction"
  }
}
