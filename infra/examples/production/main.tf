# What docs/deploying.md says before production, and what costs nothing until it is used: two who hear of alarms, a key of
# one's own, bounded concurrency, versions to roll back to, arm64. The packages come from
# `make package ARCHITECTURE=arm64 REPORTS=1`.

variable "live_version" {
  description = "The version of the callback handler that works on jobs, to roll back. Unset: the newest."
  type        = string
  default     = null
}

variable "monthly_budget_usd" {
  description = "Dollars a month that it may cost. 0: no budget."
  type        = number
  default     = 25
}

variable "kms_key" {
  description = "What encrypts: \"create\", the ARN of a key, or null."
  type        = string
  default     = "create"
}

module "run_task" {
  source = "../.."

  name         = "runtask-production"
  architecture = "arm64"
  kms_key      = var.kms_key
  tags         = { team = "platform", environment = "production" }

  # A run that could not be checked does not go on.
  on_error = "failed"

  request_handler_reserved_concurrency  = 10
  callback_handler_reserved_concurrency = 20
  callback_handler_versions             = { live = var.live_version }

  reports            = { days = 30 }
  log_retention_days = 90

  alarm_email        = "oncall@example.com"
  inform_email       = "platform@example.com"
  monthly_budget_usd = var.monthly_budget_usd > 0 ? var.monthly_budget_usd : null
  runbook            = "https://git.example.com/acme/runtask/blob/main/docs/operations.md"
}

output "url" {
  description = "The URL to register with HCP Terraform."
  value       = module.run_task.url
}

output "callback_handler_version" {
  description = "The newest version, for the day on which it has to be rolled back to."
  value       = module.run_task.callback_handler_version
}
