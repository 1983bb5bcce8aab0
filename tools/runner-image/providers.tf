# The providers that are in the runner's image, so that jobs need not download them. `make runner-image` gets them with
# `terraform init`, which verifies what it gets against .terraform.lock.hcl beside this.
#
# Other providers, or other versions: change this, and in this folder run
#
#   terraform providers lock -platform=linux_amd64 -platform=linux_arm64

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}
