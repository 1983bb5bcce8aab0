# Memory, time, concurrency, versions

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

variable "callback_handler_versions" {
  description = "Publishes a version of the callback handler with every change, code, layers and settings together, and has jobs worked on by the version that an alias names. {} is the newest one. live: the number of another one: { live = \"41\" } rolls back within seconds, and removing it goes on. Unset: no versions."
  type = object({
    live = optional(string)
  })
  default = null

  validation {
    condition     = try(var.callback_handler_versions.live, null) == null || can(regex("^[1-9][0-9]*$", var.callback_handler_versions.live))
    error_message = "callback_handler_versions.live is the number of a published version, such as \"41\"."
  }
}
