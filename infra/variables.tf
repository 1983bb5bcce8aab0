# Declares the options, here and in the other files variables_….tf. Each has a default, and its unit in its name.
# docs/variables.md is made of them (`make docs`); docs/settings.md explains the settings of the functions.

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
  description = "AWS region of everything, where it is not the provider's own. Unset: the provider's, which comes from the environment (AWS_REGION, or the profile) unless a provider block says otherwise. The provider needs a region of its own even so."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of every resource that takes tags, besides ours: runtask, with the name of the deployment."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "package_directory" {
  description = "The directory where `make package` put the zips, with one directory for each architecture. A relative path is relative to infra/. What packages names is not looked for there."
  type        = string
  default     = "../target/package"
  nullable    = false
}

variable "packages" {
  description = "Packages that are elsewhere, by name: request-handler, callback-handler, failure-handler, report-handler, approval-handler, approval-sweep, terraform-layer, policy, scanners. Each is one of three. path: a zip on the machine where Terraform runs. s3: an object in a bucket of the functions' region, with the SHA-256 of what is in it, as sha256sum prints it, and version where the bucket keeps versions. image, of a function only: uri of a container image in ECR, best with its digest, and command, where one image holds several functions; an image has no layers, so what the layers put into /opt has to be in it. Where policy is named here, set tasks_file to /opt/runtask/runtask.toml, and tasks."
  type = map(object({
    path = optional(string)
    s3 = optional(object({
      bucket  = string
      key     = string
      version = optional(string)
      sha256  = string
    }))
    image = optional(object({
      uri     = string
      command = optional(list(string))
    }))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.packages) : contains(["request-handler", "callback-handler", "failure-handler", "report-handler", "approval-handler", "approval-sweep", "terraform-layer", "policy", "scanners"], name)])
    error_message = "packages knows request-handler, callback-handler, failure-handler, report-handler, approval-handler, approval-sweep, terraform-layer, policy and scanners."
  }

  validation {
    condition     = alltrue([for it in var.packages : length([for place in [it.path, it.s3, it.image] : true if place != null]) == 1])
    error_message = "A package has one of path, s3 and image."
  }

  validation {
    condition     = alltrue([for name, it in var.packages : it.image == null || !contains(["terraform-layer", "policy", "scanners"], name)])
    error_message = "terraform-layer, policy and scanners are layers, and no layer is an image: put what is in them into the function's image, below /opt."
  }

  validation {
    condition     = alltrue([for it in var.packages : it.s3 == null || can(regex("^[0-9a-f]{64}$", it.s3.sha256))])
    error_message = "s3.sha256 is the SHA-256 of the object in 64 hexadecimal digits, as sha256sum and `make package` print it."
  }
}

variable "architecture" {
  description = "Processor architecture of the functions: x86_64, which `make package` builds for unless it is told otherwise, or arm64, for which AWS asks a fifth less and which `make package ARCHITECTURE=arm64` builds for."
  type        = string
  default     = "x86_64"
  nullable    = false

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "The architecture must be x86_64 or arm64."
  }
}

# Keys

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
