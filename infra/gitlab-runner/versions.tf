# Requires a provider that knows `invoked_via_function_url` (6.28; see function_url_invoke.tf). No other provider.
#
# This is a deployment of its own, with a state of its own: nothing of it is shared with the run task in infra/.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.28, < 7"
    }
  }
}
