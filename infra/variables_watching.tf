# Watching it

variable "log_level" {
  description = "What the functions log: TRACE, DEBUG or INFO. It cannot be less, because metrics are log lines of level INFO."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["TRACE", "DEBUG", "INFO"], var.log_level)
    error_message = "The log level must be TRACE, DEBUG or INFO: metrics are log lines of level INFO, and Lambda drops those above."
  }
}

variable "system_log_level" {
  description = "What Lambda itself logs about the functions: DEBUG, INFO or WARN. INFO has a line with duration and memory for each invocation."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARN"], var.system_log_level)
    error_message = "The system log level must be DEBUG, INFO or WARN."
  }
}

variable "tracing" {
  description = "Whether invocations are traced with X-Ray."
  type        = bool
  default     = false
  nullable    = false
}

variable "alarm_topic_arns" {
  description = "ARNs of SNS topics that hear of alarms that need a person at once, when one is raised and when it ends; and of all others, unless inform_topic_arns or inform_email says who hears of those."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for topic in var.alarm_topic_arns : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[^:]+$", topic))])
    error_message = "alarm_topic_arns takes ARNs of SNS topics: arn:aws:sns:REGION:ACCOUNT:NAME."
  }
}

variable "alarm_email" {
  description = "E-mail address that hears of what alarm_topic_arns hear of, through an SNS topic that is made for it. AWS sends it a link that has to be clicked first. Unset: no topic is made."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@[:space:]]+@[^@[:space:]]+$", var.alarm_email))
    error_message = "alarm_email must be an e-mail address, or unset."
  }
}

variable "inform_topic_arns" {
  description = "ARNs of SNS topics that hear of alarms that can wait for the morning: runs had their results, and something is not as it should be. docs/operations.md says which they are."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for topic in var.inform_topic_arns : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[^:]+$", topic))])
    error_message = "inform_topic_arns takes ARNs of SNS topics: arn:aws:sns:REGION:ACCOUNT:NAME."
  }
}

variable "inform_email" {
  description = "E-mail address that hears of what inform_topic_arns hear of, through an SNS topic that is made for it. AWS sends it a link that has to be clicked first. Unset: no topic is made."
  type        = string
  default     = null

  validation {
    condition     = var.inform_email == null || can(regex("^[^@[:space:]]+@[^@[:space:]]+$", var.inform_email))
    error_message = "inform_email must be an e-mail address, or unset."
  }
}

variable "monthly_budget_usd" {
  description = "Dollars a month that the deployment may cost: alarm_email and inform_email hear when the month is likely to cost more, and when it has cost four fifths. AWS counts by the tag runtask, which has to be activated as a cost allocation tag first. Unset: no budget is made."
  type        = number
  default     = null

  validation {
    condition     = try(var.monthly_budget_usd > 0, var.monthly_budget_usd == null)
    error_message = "monthly_budget_usd must be more than 0."
  }

  validation {
    condition     = var.monthly_budget_usd == null || var.alarm_email != null || var.inform_email != null
    error_message = "monthly_budget_usd needs somebody who hears of it: alarm_email or inform_email."
  }
}

variable "runbook" {
  description = "Where those who hear of alarms can read docs/operations.md, such as https://git.example.com/acme/runtask/blob/main/docs/operations.md. Each alarm's description names it, with the alarm's heading behind a #."
  type        = string
  default     = "docs/operations.md"
  nullable    = false

  validation {
    condition     = can(regex("^[^#[:space:]]{1,400}$", var.runbook))
    error_message = "runbook is an address or a path without blanks and without #, of up to 400 characters."
  }
}

variable "tolerated_refused_signatures" {
  description = "How many requests with a wrong signature, or without one, are tolerated in five minutes before the alarm is raised. Only HCP Terraform knows the URL, so 0; raise it once strangers have found the URL."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.tolerated_refused_signatures >= 0 && floor(var.tolerated_refused_signatures) == var.tolerated_refused_signatures
    error_message = "tolerated_refused_signatures must be a whole number, 0 or more."
  }
}

# What is kept

variable "point_in_time_recovery" {
  description = "Whether the table of claims can be put back to an earlier state. A claim is of use for 70 minutes at most, so this is hardly ever worth its price."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}
