# Sets the region of everything, and the tags that everything carries.
# Credentials come from the environment, as for any use of this provider.

provider "aws" {
  region = var.region

  default_tags {
    tags = var.tags
  }
}

# `id` is the one attribute for the region's name that no major version of the provider deprecates.
data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}
