# The subscription is that of the environment: ARM_SUBSCRIPTION_ID.

provider "azurerm" {
  # Registered once for the whole subscription, by somebody who may.
  resource_provider_registrations = "none"
  resource_providers_to_register  = ["Microsoft.App", "Microsoft.Cache", "Microsoft.OperationalInsights"]

  features {}
}
