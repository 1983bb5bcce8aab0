terraform {
  # As infra/ needs.
  required_version = ">= 1.11"

  required_providers {
    azurerm = {
      source = "hashicorp/azurerm"
      # 5 wants resource providers to be named, and has the resources below as they are written here.
      version = ">= 5.0, < 6"
    }
  }
}
