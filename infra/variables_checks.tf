# What is checked

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
  description = "The place of the file with the tasks, runtask.toml, unless `make package POLICY=…` has packed it: ssm:///NAME, a parameter of Parameter Store, s3://BUCKET/KEY, an object in a bucket of this region, or /opt/PATH, a file in a layer or an image. A function reads it once, when it starts. It can name the shipped rules, and rules that a layer of additional_layers puts below /opt/runtask."
  type        = string
  default     = null

  # No character that means more than itself in a policy of AWS.
  validation {
    condition     = var.tasks_file == null || can(regex("^(/opt(/[A-Za-z0-9_.-]+)+|ssm://(/[A-Za-z0-9_.-]+)+|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.'()/-]+)$", var.tasks_file))
    error_message = "tasks_file must be ssm:///NAME, s3://BUCKET/KEY or /opt/PATH, or unset: ssm:///runtask/tasks is the parameter /runtask/tasks. Keys may have letters, digits and !_.'()/-."
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
    condition     = var.tasks_file_kms_key == null || can(regex("^s", var.tasks_file))
    error_message = "tasks_file_kms_key is for a tasks_file in Parameter Store or S3."
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
      "RUNTASK_METRICS_NAMESPACE", "RUNTASK_ON_ERROR", "RUNTASK_REPORTS", "RUNTASK_REPORT_DAYS",
      "RUNTASK_SCANNER_SECRETS", "RUNTASK_TABLE", "RUNTASK_TASKS", "RUNTASK_TERRAFORM",
    ], name)])
    error_message = "No setting of the callback handler has this name: docs/settings.md lists them, and those that \"callback\" reads go here."
  }

  validation {
    condition = alltrue([for name in keys(var.settings) :
      !startswith(name, "RUNTASK_APPROVALS_") && !contains(["RUNTASK_ALLOWED_ORIGINS", "RUNTASK_CHECKS", "RUNTASK_CONFIG", "RUNTASK_FMT_ENGINE", "RUNTASK_METRICS_NAMESPACE", "RUNTASK_ON_ERROR", "RUNTASK_REPORTS", "RUNTASK_REPORT_DAYS", "RUNTASK_SCANNER_SECRETS", "RUNTASK_TABLE", "RUNTASK_TASKS", "RUNTASK_TERRAFORM"], name)
    ])
    error_message = "infra/ itself sets RUNTASK_ALLOWED_ORIGINS, RUNTASK_CHECKS, RUNTASK_CONFIG, RUNTASK_FMT_ENGINE, RUNTASK_ON_ERROR, RUNTASK_REPORTS, RUNTASK_REPORT_DAYS, RUNTASK_SCANNER_SECRETS and RUNTASK_TASKS, by the variables allowed_origins, checks, tasks_file, fmt_engine, on_error, reports, scanner_secrets and tasks, RUNTASK_METRICS_NAMESPACE, RUNTASK_TABLE and RUNTASK_TERRAFORM, and those of approvals, by the variable approvals."
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

variable "channel_event_bus" {
  description = "The bus of EventBridge that a channel of the kind eventbridge leads to, as [notify.NAME] in runtask.toml names it: its name, where it is in the same account and region, or its ARN. The callback handler may put events on it, and on no other."
  type        = string
  default     = null

  # No character that means more than itself in a policy of AWS.
  validation {
    condition     = var.channel_event_bus == null || can(regex("^(arn:[a-z-]+:events:[a-z0-9-]+:[0-9]{12}:event-bus/)?[A-Za-z0-9/._-]+$", var.channel_event_bus))
    error_message = "channel_event_bus must be the name of a bus, or its ARN (arn:aws:events:REGION:ACCOUNT:event-bus/NAME), or unset."
  }
}

variable "scanner_secrets" {
  description = "The secrets of scanners that are in Parameter Store: the variable by which a scanner knows each, and the name of its parameter: { SNYK_TOKEN = \"/acme/snyk\", INFRACOST_API_KEY = \"/acme/infracost\" }. The callback handler may read these parameters, and hands a scanner those variables that its profile, or its environment in runtask.toml, names."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for variable in keys(var.scanner_secrets) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", variable)) && !can(regex("^(RUNTASK|AWS)_", variable))])
    error_message = "scanner_secrets takes names of variables that a scanner reads, such as SNYK_TOKEN. What begins with RUNTASK_ or AWS_ is ours, or AWS's."
  }

  # No character that means more than itself in a policy of AWS.
  validation {
    condition     = alltrue([for name in values(var.scanner_secrets) : can(regex("^(/[A-Za-z0-9_.-]+)+$", name))])
    error_message = "scanner_secrets takes names of parameters, each with its slash in front: { SNYK_TOKEN = \"/acme/snyk\" }."
  }
}

variable "scanner_secrets_kms_key" {
  description = "ARN of the KMS key that scanner_secrets are encrypted with, where that is a customer-managed key: the callback handler may then decrypt them."
  type        = string
  default     = null

  validation {
    condition     = var.scanner_secrets_kms_key == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.scanner_secrets_kms_key))
    error_message = "scanner_secrets_kms_key must be the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID, no alias), or unset."
  }

  validation {
    condition     = var.scanner_secrets_kms_key == null || length(var.scanner_secrets) > 0
    error_message = "scanner_secrets_kms_key is for scanner_secrets, and there are none."
  }
}
