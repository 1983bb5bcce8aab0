# Says where everything is, and how it is marked. There is no provider block here, so that this directory is both what
# one applies and a module of somebody else's configuration: credentials and the region come from the environment
# (AWS_PROFILE, AWS_REGION), from a file provider.tf that you put beside this one, or from whoever uses the module.
#
# Each resource names its region and its tags itself: the region, so that one provider serves as many regions as there
# are; and the tags, because `default_tags` belong to a provider.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# `id` is the one attribute for the region's name that no major version of the provider deprecates.
data "aws_region" "current" {
  region = var.region
}

locals {
  # The first tells one deployment's costs and resources from another's. Yours go before ours.
  tags = merge({ runtask = var.name }, var.tags)
}
