# Requires Terraform with write-only arguments (1.11), and a provider that knows `invoked_via_function_url` (6.28; see
# function_url_invoke.tf). No other provider.
#
# The state is kept in infra/terraform.tfstate. To keep it elsewhere, add a file backend.tf, for example
#
#   terraform {
#     cloud {
#       organization = "example"
#       workspaces { name = "runtask-infra" }
#     }
#   }
#
# and run `terraform init` again. tfe.tf reads the outputs of infra/ from wherever they are: see docs/registering.md.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.28, < 7"
    }
  }
}
