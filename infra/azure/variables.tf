# Declares the options. Those that ms-teams-approval-run-task has keep their names, so that its file of variables can be
# taken along; docs/migrating.md tells of the change.

# ---- Place

variable "resource_group" {
  description = "Name of the resource group that everything goes into; it must be there."
  type        = string
  nullable    = false
}

variable "virtual_network" {
  description = "Name of the virtual network, in the same resource group; it must be there."
  type        = string
  nullable    = false
}

variable "subnet" {
  description = "Name of the subnet for the containers, in that network: /27 or larger, empty, and delegated to Microsoft.App/environments."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the deployment; the names of all resources begin with it. Redis' name has to be unique in all of Azure."
  type        = string
  default     = "runtask"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name)) && !strcontains(var.name, "--")
    error_message = "The name must have 3 to 24 characters, lower-case letters, digits and single hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}

# ---- The run task

variable "run_task_container_registry" {
  description = "Registry that has the image, with a path if there is one: example.azurecr.io, or registry.example.com/team."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._/-]+)?$", var.run_task_container_registry))
    error_message = "Write a host, with a path if there is one, without https:// and without a slash at the end."
  }
}

variable "run_task_container_image" {
  description = "Image in that registry with its tag or digest, as `make image` built it and somebody pushed it: runtask:0.2.0."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("(:[A-Za-z0-9._-]+|@sha256:[0-9a-f]{64})$", var.run_task_container_image)) && !endswith(var.run_task_container_image, ":latest")
    error_message = "Name a tag or a digest that stays what it is: with `latest`, nobody knows which version decides over runs."
  }
}

variable "container_registry_id" {
  description = "Resource id of that registry if it is an Azure Container Registry; the containers get the right to pull from it. Unset: a registry that anybody may pull from."
  type        = string
  default     = null
}

variable "run_task_base_public_url" {
  description = "Address at which people reach the pages: https, without a path. It is that of the output default_domain_url, or of your own domain, and so known after the first apply."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^https://[^/]+/?$", var.run_task_base_public_url))
    error_message = "Write an address that begins with https:// and has no path."
  }
}

variable "run_task_teams_webhook_url" {
  description = "Address of the Workflows webhook in Teams. Whoever has it can post: it is in the state and in the container's secrets, and nowhere else."
  type        = string
  sensitive   = true
  nullable    = false
}

variable "run_task_hmac_key" {
  description = "HMAC key that the run task has in HCP Terraform."
  type        = string
  sensitive   = true
  nullable    = false

  validation {
    condition     = length(var.run_task_hmac_key) >= 32
    error_message = "The key must have at least 32 characters, or it could be guessed. `openssl rand -hex 32` makes one."
  }
}

variable "run_task_approvals_key" {
  description = "32 random bytes in base64, which keep links and the tokens of runs: `openssl rand -base64 32` makes them. Open approvals end with it."
  type        = string
  sensitive   = true
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+/]{43}=$", var.run_task_approvals_key))
    error_message = "The key must be 32 bytes in base64: `openssl rand -base64 32`."
  }
}

variable "filter_speculative_plans_only" {
  description = "true asks about speculative plans alone and lets every other run pass by itself, as the setting of this name always did. For production that is the wrong way round."
  type        = bool
  default     = false
  nullable    = false
}

variable "settings" {
  description = "Further settings of docs/settings.md by their names, such as RUNTASK_ALLOWED_ORIGINS. Not for secrets."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, value in var.settings : startswith(name, "RUNTASK_") && !endswith(name, "_KEY")])
    error_message = "Settings begin with RUNTASK_, and keys have variables of their own."
  }
}

# ---- Size

variable "redis" {
  description = "Whether open approvals and claims are kept in Azure Managed Redis. Without it they are in the memory of the one replica that there may be, and end with it."
  type        = bool
  default     = true
  nullable    = false
}

variable "redis_sku" {
  description = "Size of Redis. The smallest holds thousands of open approvals."
  type        = string
  default     = "Balanced_B0"
  nullable    = false
}

variable "min_replicas" {
  description = "Replicas at least. Never zero: open approvals need signs of life."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.min_replicas >= 1
    error_message = "There must be one at least: open approvals need signs of life."
  }
}

variable "max_replicas" {
  description = "Replicas at most; one more is started for every 100 requests at the same time."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.max_replicas >= var.min_replicas
    error_message = "There cannot be fewer replicas at most than at least."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30
  nullable    = false
}
