# Approvals

variable "approvals" {
  description = "Makes what people need to approve runs: pages with a URL of their own, a sweep once a minute, a table, a key. {} takes every default. public_url: where people reach the pages, where that is not the function URL. secrets: the parameters of Parameter Store that [approval] in runtask.toml names as ssm:///NAME, without the ssm://: [\"/acme/oidc\", \"/acme/teams\"]; secrets_kms_key: the ARN of the customer-managed key that they are encrypted with, if any. key_version: raise it by one for a new key. audit_days: how long the table has the audit log. memory_mb, of both functions, and reserved_concurrency, of the pages: as for the other functions."
  type = object({
    public_url           = optional(string)
    secrets              = optional(list(string), [])
    secrets_kms_key      = optional(string)
    key_version          = optional(number, 1)
    audit_days           = optional(number, 400)
    memory_mb            = optional(number, 256)
    reserved_concurrency = optional(number, -1)
  })
  default = null

  validation {
    condition     = try(var.approvals.public_url, null) == null || can(regex("^https://[^/?#@[:space:]]+/?$", var.approvals.public_url))
    error_message = "approvals.public_url is https:// and a host: https://approve.example.com."
  }

  # No character that means more than itself in a policy of AWS.
  validation {
    condition     = alltrue([for name in try(var.approvals.secrets, []) : can(regex("^(/[A-Za-z0-9_.-]+)+$", name))])
    error_message = "approvals.secrets takes names of parameters, each with its slash in front: [\"/acme/oidc\"] for ssm:///acme/oidc."
  }

  validation {
    condition     = try(var.approvals.secrets_kms_key, null) == null || (can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.approvals.secrets_kms_key)) && try(length(var.approvals.secrets) > 0, false))
    error_message = "approvals.secrets_kms_key must be the ARN of the key (arn:aws:kms:REGION:ACCOUNT:key/ID, no alias) of approvals.secrets, or unset."
  }

  validation {
    condition     = try(var.approvals.key_version >= 1 && floor(var.approvals.key_version) == var.approvals.key_version, var.approvals == null)
    error_message = "approvals.key_version must be a whole number, 1 or more."
  }

  validation {
    condition     = try(var.approvals.audit_days >= 1 && var.approvals.audit_days <= 3653 && floor(var.approvals.audit_days) == var.approvals.audit_days, var.approvals == null)
    error_message = "approvals.audit_days must be a whole number from 1 to 3653."
  }

  validation {
    condition     = try(var.approvals.memory_mb >= 128 && var.approvals.memory_mb <= 10240 && floor(var.approvals.memory_mb) == var.approvals.memory_mb, var.approvals == null)
    error_message = "Lambda takes whole numbers from 128 to 10240 MB of memory: approvals.memory_mb."
  }

  validation {
    condition     = try((var.approvals.reserved_concurrency == -1 || var.approvals.reserved_concurrency >= 1) && floor(var.approvals.reserved_concurrency) == var.approvals.reserved_concurrency, var.approvals == null)
    error_message = "approvals.reserved_concurrency must be -1 (none) or a whole number, 1 or more: with 0 the pages would never open."
  }
}

# The pages of results

variable "reports" {
  description = "Has a page made of each result, which HCP Terraform links to: a bucket, and a function with a URL of its own that shows the pages. {} takes every default. Whoever has a link can read its page. days: how long a page is kept. public_url: where people reach the pages, where that is not the function URL. memory_mb and reserved_concurrency: as for the other functions. It needs `make package REPORTS=1`."
  type = object({
    days                 = optional(number, 30)
    public_url           = optional(string)
    memory_mb            = optional(number, 256)
    reserved_concurrency = optional(number, -1)
  })
  default = null

  validation {
    condition     = try(var.reports.days >= 1 && var.reports.days <= 365 && floor(var.reports.days) == var.reports.days, var.reports == null)
    error_message = "reports.days must be a whole number from 1 to 365."
  }

  validation {
    condition     = try(var.reports.public_url, null) == null || can(regex("^https://[^?#@[:space:]]+$", var.reports.public_url))
    error_message = "reports.public_url is https:// and a host, perhaps with a path: https://reports.example.com."
  }

  validation {
    condition     = try(var.reports.memory_mb >= 128 && var.reports.memory_mb <= 10240 && floor(var.reports.memory_mb) == var.reports.memory_mb, var.reports == null)
    error_message = "Lambda takes whole numbers from 128 to 10240 MB of memory: reports.memory_mb."
  }

  validation {
    condition     = try((var.reports.reserved_concurrency == -1 || var.reports.reserved_concurrency >= 1) && floor(var.reports.reserved_concurrency) == var.reports.reserved_concurrency, var.reports == null)
    error_message = "reports.reserved_concurrency must be -1 (none) or a whole number, 1 or more: with 0 no page would ever open."
  }
}
