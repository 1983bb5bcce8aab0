# Requires Terraform with write-only arguments (1.11), and a provider that knows `invoked_via_function_url` (6.28; see
# function_url_invoke.tf). No other provider.
#
# The state is kept in infra/terraform.tfstate. To keep it in S3 or in HCP Terraform, add a file backend.tf:
# docs/deploying.md, "Where the state is", shows both. A workspace of HCP Terraform needs the execution mode Local,
# because the packages are on this machine.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.28, < 7"
    }
  }
}
