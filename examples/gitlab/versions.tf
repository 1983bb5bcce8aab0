terraform {
  required_version = ">= 1.11"

  # GitLab keeps the state. The runner sets address and credentials: RUNNER_STATE_NAME.
  backend "http" {}

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

provider "aws" {
  region = "eu-central-1"
}
