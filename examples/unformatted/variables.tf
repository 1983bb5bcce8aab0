variable "region" {
  description = "Where everything is created."
  type        = string
  default     = "eu-central-1"
}

variable "service" {
  description = "Name of the service, in tags and as the first part of names."
  type        = string
}

variable "environment" {
  description = "Which copy of the service this is, such as staging."
  type        = string
}

variable "cidr_block" {
  description = "Address range of the network."
  type        = string

  validation {
    condition     = can(cidrsubnet(var.cidr_block, 8, 0))
    error_message = "The range must leave eight bits for subnets, such as 10.20.0.0/16."
  }
}

variable "log_retention_days" {
  description = "Days after which flow logs are deleted."
  type        = number
  default     = 90
}
