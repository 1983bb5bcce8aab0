# Declares the options. All but image_tag have a default; units are in their names.

variable "name" {
  description = "Name of the deployment; the names of all resources begin with it. Two deployments in one account need two names, even in two regions, because roles belong to the whole account."
  type        = string
  default     = "gitlab-runner"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name)) && !startswith(var.name, "aws")
    error_message = "The name must have 2 to 40 characters, lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen. It must not begin with \"aws\"."
  }
}

variable "workspace" {
  description = "The Terraform workspace that these variables are for. Each workspace has a state of its own and so needs variables of its own, above all a name."
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

variable "architecture" {
  description = "Processor architecture of the functions and of the image: x86_64 or arm64."
  type        = string
  default     = "x86_64"
  nullable    = false

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "The architecture must be x86_64 or arm64."
  }
}

variable "package_directory" {
  description = "The directory where `make runner-image` put the zips, with one directory for each architecture. A relative path is relative to infra/gitlab-runner/."
  type        = string
  default     = "../../target/runner"
  nullable    = false
}

variable "image_tag" {
  description = "The tag of the image in the repository that is made here."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.image_tag))
    error_message = "image_tag is the tag alone, such as 0.1.0."
  }
}

variable "gitlab_url" {
  description = "The GitLab instance."
  type        = string
  default     = "https://gitlab.com"
  nullable    = false

  validation {
    condition     = can(regex("^https?://[^@?#[:space:]]+$", var.gitlab_url))
    error_message = "gitlab_url must be an address such as https://gitlab.example.com, without a login."
  }
}

variable "projects" {
  description = "Projects whose jobs are run, by full path or group: [\"infra/network\", \"infra/*\"]. Empty: every project that the runner belongs to, none of which gets the roles that are made here."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for project in var.projects : can(regex("^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*(/[*])?$", project))])
    error_message = "A project is a path such as infra/network, or infra/* for all of a group."
  }
}

variable "job_roles" {
  description = "Whether a role for plans and one for applies are made, and given to jobs of the projects."
  type        = bool
  default     = true
  nullable    = false
}

variable "plan_policy_arns" {
  description = "Managed policies of the role for plans."
  type        = list(string)
  default     = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
  nullable    = false
}

variable "apply_policy_arns" {
  description = "Managed policies of the role for applies: what your infrastructure takes. Empty: it can do nothing."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "job_permissions_boundary" {
  description = "ARN of a permissions boundary for both roles."
  type        = string
  default     = null
}

variable "role_rules" {
  description = "Roles that are there already, for jobs by project and ref: [{ project = \"infra/network\", refs = \"protected\", role_arn = \"arn:aws:iam::…\" }]. They go before those that are made here. Each must trust the runner's role with the external id that is the deployment's name, and allow sts:TagSession."
  type        = list(object({ project = string, refs = string, role_arn = string }))
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for rule in var.role_rules : contains(["protected", "any"], rule.refs) && can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=.@/-]+$", rule.role_arn)) && can(regex("^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*(/[*])?$", rule.project))])
    error_message = "Each rule has a project (infra/network or infra/*), refs (protected or any) and the ARN of a role."
  }
}

variable "promised_seconds" {
  description = "What each job is promised: the same number as the runner's maximum job timeout in GitLab, which takes no less than 600."
  type        = number
  default     = 600
  nullable    = false

  validation {
    condition     = var.promised_seconds >= 600 && floor(var.promised_seconds) == var.promised_seconds
    error_message = "GitLab takes no maximum job timeout of less than 600 seconds."
  }
}

variable "runner_timeout_seconds" {
  description = "How long one invocation of the runner function may take."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.runner_timeout_seconds >= 60 && var.runner_timeout_seconds <= 900
    error_message = "Lambda takes up to 900 seconds."
  }
}

variable "runner_memory_mb" {
  description = "Memory of the runner function; 1769 are one whole processor. Terraform does not work with 128, and well from 1024 on."
  type        = number
  default     = 2048
  nullable    = false

  validation {
    condition     = var.runner_memory_mb >= 512 && var.runner_memory_mb <= 10240
    error_message = "runner_memory_mb must be from 512 to 10240."
  }
}

variable "runner_tmp_mb" {
  description = "Size of /tmp, where jobs work."
  type        = number
  default     = 4096
  nullable    = false

  validation {
    condition     = var.runner_tmp_mb >= 512 && var.runner_tmp_mb <= 10240
    error_message = "runner_tmp_mb must be from 512 to 10240."
  }
}

variable "runner_concurrency" {
  description = "How many jobs may run at the same time, each in an environment of its own."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.runner_concurrency >= 1
    error_message = "At least one."
  }
}

variable "hook_concurrency" {
  description = "How many hooks are answered at the same time; it bounds what strangers can cost. -1: no bound."
  type        = number
  default     = 10
  nullable    = false
}

variable "require_seal" {
  description = "Whether the runner refuses to work where jobs could read its memory. What it depends on was not tried on AWS: look at the answer to {\"action\": \"verify\"} first."
  type        = bool
  default     = false
  nullable    = false
}

variable "settings" {
  description = "Further settings of the runner function, from docs/gitlab-runner-aws.md: { RUNNER_STATE_NAME = \"default\" }."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.settings) : startswith(name, "RUNNER_") || contains(["TARGET_CLOUD_PLATFORM", "AWS_USED_REGION", "HTTPS_PROXY", "NO_PROXY"], name)])
    error_message = "Settings of the runner begin with RUNNER_; TARGET_CLOUD_PLATFORM, AWS_USED_REGION, HTTPS_PROXY and NO_PROXY are others. Secrets belong into the secret."
  }
}

variable "schedule" {
  description = "When GitLab is asked without a hook: at least once an hour, so that it takes the runner for online."
  type        = string
  default     = "rate(15 minutes)"
  nullable    = false
}

variable "bucket" {
  description = "Whether there is a bucket for caches and for states that Terraform could not store."
  type        = bool
  default     = false
  nullable    = false
}

variable "cache_days" {
  description = "Days that a cache is kept."
  type        = number
  default     = 14
  nullable    = false
}

variable "kms_key" {
  description = "Customer-managed KMS key that encrypts secrets, tickets, bucket, image, logs and the functions' environments, and values for jobs: \"create\" makes one, an ARN uses an existing one. Unset: AWS's own keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || var.kms_key == "create" || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key))
    error_message = "kms_key must be \"create\", the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID, no alias), or unset."
  }
}

variable "secret_recovery_days" {
  description = "Days that a deleted secret can be restored, from 7 to 30; 0 deletes at once."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.secret_recovery_days == 0 || (var.secret_recovery_days >= 7 && var.secret_recovery_days <= 30)
    error_message = "secret_recovery_days must be 0, or from 7 to 30."
  }
}

variable "starters" {
  description = "ARNs of those who may take on the role that starts the runner by hand. Empty: the role is not made."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "starters_need_mfa" {
  description = "Whether they need a second factor."
  type        = bool
  default     = false
  nullable    = false
}

variable "image_pushers" {
  description = "ARNs of those who may take on the role that pushes the image. Empty: the role is not made."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that logs of the functions are kept."
  type        = number
  default     = 30
  nullable    = false
}

variable "tolerated_refused_hooks" {
  description = "How many refused hooks within five minutes raise no alarm."
  type        = number
  default     = 10
  nullable    = false
}

variable "alarm_topic_arns" {
  description = "ARNs of SNS topics that hear of alarms, when one is raised and when it ends."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "runbook" {
  description = "Where those who hear of alarms can read docs/gitlab-runner-aws.md. Each alarm's description names it, with the alarm's heading behind a #."
  type        = string
  default     = "docs/gitlab-runner-aws.md"
  nullable    = false
}
