# Keys

variable "hmac_key" {
  description = "The HMAC key, where several deployments are to have the same: an ephemeral value, so that it is in no state and no plan. It is written when hmac_key_version changes, and only then. Unset: a key of its own is made."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = var.hmac_key == null || try(length(var.hmac_key) >= 32, false)
    error_message = "The HMAC key must have 32 characters or more."
  }
}
