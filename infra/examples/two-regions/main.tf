# Two regions behind one name. Route 53 asks each for /healthz and answers with the first as long as that is well; both
# have the same key, so that HCP Terraform need not know. docs/two-regions.md says what happens to a run in between.

variable "domain_name" {
  description = "The name to register with HCP Terraform."
  type        = string
  default     = "runtask.example.com"
}

variable "zone_id" {
  description = "The zone of Route 53 that the name is in."
  type        = string
}

variable "certificate_arns" {
  description = "A certificate of ACM for the name in each of the two regions."
  type        = object({ first = string, second = string })
}

variable "hmac_key_version" {
  description = "Raise it by one to rotate the key, in both regions at once."
  type        = number
  default     = 1
}

provider "aws" {
  alias  = "first"
  region = "eu-central-1"
}

provider "aws" {
  alias  = "second"
  region = "eu-west-1"
}

# One key for both, in no state. An apply that fails between the two leaves them with different keys: raise the version.
ephemeral "aws_secretsmanager_random_password" "hmac_key" {
  provider = aws.first

  password_length     = 64
  exclude_punctuation = true
}

module "first" {
  source    = "../.."
  providers = { aws = aws.first }

  name             = "runtask-first"
  hmac_key         = ephemeral.aws_secretsmanager_random_password.hmac_key.random_password
  hmac_key_version = var.hmac_key_version
  # Requests come through the API alone.
  url_authorization = "AWS_IAM"
}

module "second" {
  source    = "../.."
  providers = { aws = aws.second }

  name              = "runtask-second"
  hmac_key          = ephemeral.aws_secretsmanager_random_password.hmac_key.random_password
  hmac_key_version  = var.hmac_key_version
  url_authorization = "AWS_IAM"
}

module "first_front" {
  source    = "./front"
  providers = { aws = aws.first }

  name            = "runtask-first"
  domain_name     = var.domain_name
  certificate_arn = var.certificate_arns.first
  function_name   = module.first.request_handler
  function_arn    = module.first.request_handler_arn
}

module "second_front" {
  source    = "./front"
  providers = { aws = aws.second }

  name            = "runtask-second"
  domain_name     = var.domain_name
  certificate_arn = var.certificate_arns.second
  function_name   = module.second.request_handler
  function_arn    = module.second.request_handler_arn
}

locals {
  fronts = {
    PRIMARY   = module.first_front
    SECONDARY = module.second_front
  }
}

# Asked at the address that only its own region has.
resource "aws_route53_health_check" "front" {
  for_each = local.fronts
  provider = aws.first

  fqdn              = each.value.own_host
  port              = 443
  type              = "HTTPS"
  resource_path     = "/healthz"
  failure_threshold = 3
  request_interval  = 30

  tags = { Name = "${var.domain_name} ${lower(each.key)}" }
}

resource "aws_route53_record" "front" {
  #checkov:skip=CKV2_AWS_23:It leads to the APIs in the module front
  for_each = local.fronts
  provider = aws.first

  zone_id         = var.zone_id
  name            = var.domain_name
  type            = "A"
  set_identifier  = lower(each.key)
  health_check_id = aws_route53_health_check.front[each.key].id

  failover_routing_policy {
    type = each.key
  }

  alias {
    name                   = each.value.target_domain_name
    zone_id                = each.value.target_zone_id
    evaluate_target_health = false
  }
}

output "url" {
  description = "The URL to register with HCP Terraform."
  value       = "https://${var.domain_name}/"
}
