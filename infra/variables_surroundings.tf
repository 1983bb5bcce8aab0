# Network and roles

variable "url_authorization" {
  description = "Who may call the function URL: NONE, everybody, and the request handler verifies HCP Terraform's signature; AWS_IAM, whom you give the right with statements of your own, such as a CloudFront distribution (infra/examples/waf) or nobody, where an API Gateway invokes the function (infra/examples/two-regions)."
  type        = string
  default     = "NONE"
  nullable    = false

  validation {
    condition     = contains(["NONE", "AWS_IAM"], var.url_authorization)
    error_message = "url_authorization must be NONE or AWS_IAM."
  }
}

variable "vpc" {
  description = "Puts the functions that talk to Terraform Enterprise and to people (callback handler, failure handler, those of approvals) into subnets, with security groups that let them out on port 443. They need ways to the rest of AWS from there: docs/operations.md, \"Network\". The request handler stays outside: HCP Terraform or Terraform Enterprise reach it at its URL either way. ipv6: they use IPv6 as well. Unset: none is in a VPC."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
    ipv6               = optional(bool, false)
  })
  default = null

  validation {
    condition     = try(length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0, var.vpc == null)
    error_message = "vpc needs at least one subnet and one security group."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds what the roles may do, where your organization wants one on every role."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary must be the ARN of a policy: arn:aws:iam::ACCOUNT:policy/NAME."
  }
}

variable "role_path" {
  description = "Path of the roles, with a slash at both ends: /teams/platform/. A change makes all roles anew."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.role_path))
    error_message = "role_path begins and ends with a slash: /teams/platform/."
  }
}

variable "roles" {
  description = "ARNs of roles that exist, where you may not make any: one for each function. None is made and none is given a policy then; the output role_policies has what each must be allowed. approval_handler, approval_sweep and approval_schedule are needed with approvals, report_handler with reports."
  type = object({
    request_handler   = string
    callback_handler  = string
    failure_handler   = string
    report_handler    = optional(string)
    approval_handler  = optional(string)
    approval_sweep    = optional(string)
    approval_schedule = optional(string)
  })
  default = null

  validation {
    condition     = var.roles == null || try(alltrue([for arn in values(var.roles) : arn == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", arn))]), false)
    error_message = "roles takes ARNs of roles: arn:aws:iam::ACCOUNT:role/NAME."
  }

  validation {
    condition     = var.roles == null || var.reports == null || try(var.roles.report_handler, null) != null
    error_message = "reports needs roles.report_handler."
  }

  validation {
    condition     = var.roles == null || var.approvals == null || try(var.roles.approval_handler != null && var.roles.approval_sweep != null && var.roles.approval_schedule != null, false)
    error_message = "approvals needs roles.approval_handler, roles.approval_sweep and roles.approval_schedule."
  }
}
