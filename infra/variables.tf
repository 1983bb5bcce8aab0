# Declares the options. Each has a default, and its unit in its name. docs/settings.md explains the settings of the
# functions.

# Name, place and packages

variable "name" {
  description = "Name of the deployment; the names of all resources begin with it. Two deployments in one account need two names, even in two regions, because roles belong to the whole account. A change makes another deployment in place of this one, with another URL and another key."
  type        = string
  default     = "runtask"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name)) && !startswith(var.name, "aws") && !startswith(var.name, "ssm")
    error_message = "The name must have 2 to 40 characters, lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen. It must not begin with \"aws\" or \"ssm\", which Parameter Store reserves."
  }
}

variable "workspace" {
  description = "The Terraform workspace that these variables are for. Each workspace has a state of its own and so needs variables of its own, above all a name: docs/deploying.md, \"Several environments in one account\"."
  type        = string
  default     = "default"
  nullable    = false

  validation {
    condition     = var.workspace == terraform.workspace
    error_message = "This is the workspace \"${terraform.workspace}\", and the variables are for \"${var.workspace}\". Select that one (terraform workspace select), or give this one variables of its own: at least workspace = \"${terraform.workspace}\" and a name that no other deployment in the AWS account has."
  }
}

variable "region" {
  description = "AWS region. Unset: the region of the environment (AWS_REGION, or the profile)."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "package_directory" {
  description = "The directory where `make package` put the zips, with one directory for each architecture. A relative path is relative to infra/."
  type        = string
  default     = "../target/package"
  nullable    = false
}

variable "architecture" {
  description = "Processor architecture of the functions: x86_64 or arm64."
  type        = string
  default     = "x86_64"
  nullable    = false

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "The architecture must be x86_64 or arm64."
  }
}

# The key

variable "hmac_key_version" {
  description = "Raise it by one to rotate the HMAC key: every change makes a new one. docs/operations.md says how to rotate without losing a run."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.hmac_key_version >= 1 && floor(var.hmac_key_version) == var.hmac_key_version
    error_message = "The version of the HMAC key must be a whole number, 1 or more."
  }
}

variable "kms_key" {
  description = "Customer-managed KMS key that encrypts the HMAC key, claims, queue, logs and the functions' environments: \"create\" makes one, an ARN uses an existing one (docs/operations.md says what its policy must allow). Unset: AWS's own keys, which cost nothing. To change it later, raise hmac_key_version in the same apply."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || var.kms_key == "create" || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key))
    error_message = "kms_key must be \"create\", the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID, no alias), or unset."
  }
}

# What the run task does

variable "checks" {
  description = "The checks where there is no file with tasks: fmt, plan-summary. Unset: fmt."
  type        = list(string)
  default     = null

  validation {
    condition     = var.checks == null || try(length(var.checks) > 0 && alltrue([for check in var.checks : contains(["fmt", "plan-summary"], check)]), false)
    error_message = "Name at least one check; the checks are fmt and plan-summary. Policies need a file with tasks: see tasks_file."
  }
}

variable "fmt_engine" {
  description = "Who says whether files are formatted: terraform, from a layer; native, the formatter that is built in, without that layer; or both, where terraform decides and an alarm tells of every difference. docs/fmt.md says when to choose which."
  type        = string
  default     = "terraform"
  nullable    = false

  validation {
    condition     = contains(["terraform", "native", "both"], var.fmt_engine)
    error_message = "fmt_engine must be terraform, native or both."
  }
}

variable "tasks_file" {
  description = "The place of the file with the tasks, runtask.toml, unless `make package POLICY=…` has packed it: ssm:///NAME, a parameter of Parameter Store, or s3://BUCKET/KEY, an object in a bucket of this region. A function reads it once, when it starts. It can name the shipped rules, and rules that a layer of additional_layers puts below /opt/runtask."
  type        = string
  default     = null

  # No character that means more than itself in a policy of AWS.
  validation {
    condition     = var.tasks_file == null || can(regex("^(ssm://(/[A-Za-z0-9_.-]+)+|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.'()/-]+)$", var.tasks_file))
    error_message = "tasks_file must be ssm:///NAME or s3://BUCKET/KEY, or unset: ssm:///runtask/tasks is the parameter /runtask/tasks. Keys may have letters, digits and !_.'()/-."
  }
}

variable "tasks" {
  description = "The names of the tasks in tasks_file, for the request handler: [\"default\", \"policy\"]. Unset for packed tasks."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = (length(var.tasks) == 0) == (var.tasks_file == null)
    error_message = "tasks names the tasks in tasks_file: set both, or neither."
  }

  validation {
    condition     = length(distinct(var.tasks)) == length(var.tasks) && alltrue([for task in var.tasks : can(regex("^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$", task)) && task != "healthz"])
    error_message = "The name of a task has a-z, 0-9 and - between them, is not healthz, and stands in tasks once."
  }
}

variable "tasks_file_kms_key" {
  description = "ARN of the KMS key that tasks_file is encrypted with, where that is a customer-managed key: the functions that read it may then decrypt it."
  type        = string
  default     = null

  validation {
    condition     = var.tasks_file_kms_key == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.tasks_file_kms_key))
    error_message = "tasks_file_kms_key must be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID, no alias), or unset."
  }

  validation {
    condition     = var.tasks_file_kms_key == null || var.tasks_file != null
    error_message = "tasks_file_kms_key needs tasks_file, which is unset."
  }
}

variable "on_error" {
  description = "Final status when a check could not run: failed or passed. docs/settings.md explains the risk of passed."
  type        = string
  default     = "failed"
  nullable    = false

  validation {
    condition     = contains(["failed", "passed"], var.on_error)
    error_message = "on_error must be failed or passed."
  }
}

variable "allowed_origins" {
  description = "Origins that may receive a run's token, such as https://tfe.example.com. Empty: HCP Terraform's own two."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for origin in var.allowed_origins : can(regex("^https?://[^/?#@,[:space:]]+$", origin))])
    error_message = "An origin is a scheme, a host and possibly a port, without a slash at the end: https://tfe.example.com."
  }
}

variable "settings" {
  description = "Further settings of the callback handler and the failure handler, from docs/settings.md: { RUNTASK_TERRAFORM_TIMEOUT_MS = \"90000\" }."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.settings) : !contains(["HMAC_KEY", "TF_TOKEN"], name)])
    error_message = "HMAC_KEY and TF_TOKEN are secrets, and what is in a variable is in the state and in the function's environment, where many can read it."
  }

  validation {
    condition = alltrue([for name in keys(var.settings) : contains([
      "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "RUNTASK_CA_BUNDLE", "RUNTASK_HTTP_TIMEOUT_MS",
      "RUNTASK_MAX_COMPRESSED_BYTES", "RUNTASK_MAX_DEPTH", "RUNTASK_MAX_ENTRIES", "RUNTASK_MAX_PATH_BYTES",
      "RUNTASK_MAX_PLAN_BYTES", "RUNTASK_MAX_UNPACKED_BYTES", "RUNTASK_POLICY_MEMORY_BYTES",
      "RUNTASK_PROGRESS_INTERVAL_MS", "RUNTASK_REPORT_MARGIN_MS", "RUNTASK_TERRAFORM_TIMEOUT_MS",
      # The other two validations are about these.
      "HMAC_KEY", "TF_TOKEN", "RUNTASK_ALLOWED_ORIGINS", "RUNTASK_APPROVALS_KEY_PARAM", "RUNTASK_APPROVALS_SWEEP",
      "RUNTASK_APPROVALS_TABLE", "RUNTASK_CHECKS", "RUNTASK_CONFIG", "RUNTASK_FMT_ENGINE",
      "RUNTASK_METRICS_NAMESPACE", "RUNTASK_ON_ERROR", "RUNTASK_REPORTS", "RUNTASK_REPORT_DAYS", "RUNTASK_TABLE",
      "RUNTASK_TASKS", "RUNTASK_TERRAFORM",
    ], name)])
    error_message = "No setting of the callback handler has this name: docs/settings.md lists them, and those that \"callback\" reads go here."
  }

  validation {
    condition = alltrue([for name in keys(var.settings) :
      !startswith(name, "RUNTASK_APPROVALS_") && !contains(["RUNTASK_ALLOWED_ORIGINS", "RUNTASK_CHECKS", "RUNTASK_CONFIG", "RUNTASK_FMT_ENGINE", "RUNTASK_METRICS_NAMESPACE", "RUNTASK_ON_ERROR", "RUNTASK_REPORTS", "RUNTASK_REPORT_DAYS", "RUNTASK_TABLE", "RUNTASK_TASKS", "RUNTASK_TERRAFORM"], name)
    ])
    error_message = "infra/ itself sets RUNTASK_ALLOWED_ORIGINS, RUNTASK_CHECKS, RUNTASK_CONFIG, RUNTASK_FMT_ENGINE, RUNTASK_ON_ERROR, RUNTASK_REPORTS, RUNTASK_REPORT_DAYS and RUNTASK_TASKS, by the variables allowed_origins, checks, tasks_file, fmt_engine, on_error, reports and tasks, RUNTASK_METRICS_NAMESPACE, RUNTASK_TABLE and RUNTASK_TERRAFORM, and those of approvals, by the variable approvals."
  }

  validation {
    condition     = alltrue([for value in values(var.settings) : !can(regex("://[^/]*@", value))])
    error_message = "A URL with a password in it would be in the state and in the function's environment, where many can read it."
  }
}

variable "additional_layers" {
  description = "ARNs of layers that the callback handler and the failure handler get besides terraform's; for example one with certificates for RUNTASK_CA_BUNDLE."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.additional_layers) <= 4 && alltrue([for layer in var.additional_layers : can(regex("^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:layer:[^:]+:[0-9]+$", layer))])
    error_message = "additional_layers takes up to four ARNs of layer versions: arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION."
  }
}

variable "channel_secrets" {
  description = "The parameters of Parameter Store that hold the secrets of channels: those that [notify.NAME] in runtask.toml names as ssm:///NAME, without the ssm://: [\"/acme/slack\"]. The callback handler may read them."
  type        = list(string)
  default     = []
  nullable    = false

  # No character that means more than itself in a policy of AWS.
  validation {
    condition     = alltrue([for name in var.channel_secrets : can(regex("^(/[A-Za-z0-9_.-]+)+$", name))])
    error_message = "channel_secrets takes names of parameters, each with its slash in front: [\"/acme/slack\"] for ssm:///acme/slack."
  }
}

variable "channel_secrets_kms_key" {
  description = "ARN of the KMS key that channel_secrets are encrypted with, where that is a customer-managed key: the callback handler may then decrypt them."
  type        = string
  default     = null

  validation {
    condition     = var.channel_secrets_kms_key == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.channel_secrets_kms_key))
    error_message = "channel_secrets_kms_key must be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID, no alias), or unset."
  }

  validation {
    condition     = var.channel_secrets_kms_key == null || length(var.channel_secrets) > 0
    error_message = "channel_secrets_kms_key is for channel_secrets, and there are none."
  }
}

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

# How large the functions are

variable "request_handler_memory_mb" {
  description = "Memory of the request handler. Lambda gives processor time in proportion, which cold starts need."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.request_handler_memory_mb >= 128 && var.request_handler_memory_mb <= 10240 && floor(var.request_handler_memory_mb) == var.request_handler_memory_mb
    error_message = "Lambda takes whole numbers from 128 to 10240 MB of memory."
  }
}

variable "request_handler_timeout_seconds" {
  description = "Timeout of the request handler. The longest way is a cold start, two reads of the key (2 s each) and a hand-over (2 s)."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.request_handler_timeout_seconds >= 7 && var.request_handler_timeout_seconds <= 60 && floor(var.request_handler_timeout_seconds) == var.request_handler_timeout_seconds
    error_message = "The request handler needs a timeout of 7 to 60 seconds: less cuts its own retries short, and HCP Terraform does not wait longer."
  }
}

variable "request_handler_reserved_concurrency" {
  description = "How many requests are answered at the same time; this many of the account's concurrent executions are set aside for them. -1: no limit but the account's. It is off by default, because AWS refuses a reservation that leaves the rest of an account less than a minimum, and a new account has no more than that minimum. Set it where the account allows it: it bounds the cost of a flood of requests, and protects the share of other functions."
  type        = number
  default     = -1
  nullable    = false

  validation {
    condition     = (var.request_handler_reserved_concurrency == -1 || var.request_handler_reserved_concurrency >= 1) && floor(var.request_handler_reserved_concurrency) == var.request_handler_reserved_concurrency
    error_message = "The reserved concurrency must be -1 (none) or a whole number, 1 or more: with 0 the function would never run."
  }
}

variable "callback_handler_memory_mb" {
  description = "Memory of the callback handler. 1769 MB is where Lambda gives one whole processor."
  type        = number
  default     = 1769
  nullable    = false

  validation {
    condition     = var.callback_handler_memory_mb >= (var.fmt_engine == "native" ? 128 : 256) && var.callback_handler_memory_mb <= 10240 && floor(var.callback_handler_memory_mb) == var.callback_handler_memory_mb
    error_message = "The callback handler takes whole numbers from 256 MB (128 where fmt_engine is native), below which terraform does not run, to Lambda's 10240 MB of memory."
  }
}

variable "callback_handler_timeout_seconds" {
  description = "Timeout of the callback handler. Shortly before it, work is stopped and the final result sent. Above 480 Terraform warns: a run's token lives for ten minutes."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.callback_handler_timeout_seconds >= 30 && var.callback_handler_timeout_seconds <= 900 && floor(var.callback_handler_timeout_seconds) == var.callback_handler_timeout_seconds
    error_message = "The callback handler's timeout must be a whole number from 30 to 900 seconds, which is Lambda's limit."
  }
}

variable "callback_handler_tmp_mb" {
  description = "Size of the callback handler's /tmp, where configurations are unpacked. 512 MB are in Lambda's price; only files that a check reads are written."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.callback_handler_tmp_mb >= 512 && var.callback_handler_tmp_mb <= 10240 && floor(var.callback_handler_tmp_mb) == var.callback_handler_tmp_mb
    error_message = "Lambda takes whole numbers from 512 to 10240 MB for /tmp."
  }
}

variable "callback_handler_reserved_concurrency" {
  description = "How many jobs are worked on at the same time; the others wait in Lambda's queue. -1: no limit but the account's. For new accounts, see request_handler_reserved_concurrency."
  type        = number
  default     = -1
  nullable    = false

  validation {
    condition     = (var.callback_handler_reserved_concurrency == -1 || var.callback_handler_reserved_concurrency >= 1) && floor(var.callback_handler_reserved_concurrency) == var.callback_handler_reserved_concurrency
    error_message = "The reserved concurrency must be -1 (none) or a whole number, 1 or more: with 0 the function would never run."
  }
}

variable "failure_handler_memory_mb" {
  description = "Memory of the failure handler, which sends one small request."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.failure_handler_memory_mb >= 128 && var.failure_handler_memory_mb <= 10240 && floor(var.failure_handler_memory_mb) == var.failure_handler_memory_mb
    error_message = "Lambda takes whole numbers from 128 to 10240 MB of memory."
  }
}

variable "failure_handler_timeout_seconds" {
  description = "Timeout of the failure handler. It waits up to 20 s for the dead function's claim to expire, and then retries its report."
  type        = number
  default     = 120
  nullable    = false

  validation {
    condition     = var.failure_handler_timeout_seconds >= 45 && var.failure_handler_timeout_seconds <= 900 && floor(var.failure_handler_timeout_seconds) == var.failure_handler_timeout_seconds
    error_message = "The failure handler's timeout must be a whole number from 45 seconds, which leave time to wait for a claim and to report, to Lambda's limit of 900."
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

# How it is watched

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
  description = "ARNs of SNS topics that hear of alarms, when one is raised and when it ends."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for topic in var.alarm_topic_arns : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[^:]+$", topic))])
    error_message = "alarm_topic_arns takes ARNs of SNS topics: arn:aws:sns:REGION:ACCOUNT:NAME."
  }
}

variable "alarm_email" {
  description = "E-mail address that hears of alarms, through an SNS topic that is made for it. AWS sends it a link that has to be clicked first. Unset: no topic is made."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@[:space:]]+@[^@[:space:]]+$", var.alarm_email))
    error_message = "alarm_email must be an e-mail address, or unset."
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
