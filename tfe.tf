# Registers the run task in HCP Terraform and attaches it to workspaces.
#
# It applies on its own, after infra/: HCP Terraform sends a probe to the URL when a run task is created or changed, and
# refuses both unless the probe is answered with 200. docs/registering.md shows how, and other ways to do the same.
#
# The HMAC key is in no variable, no plan and no state file: an ephemeral resource reads it from Parameter Store, and a
# write-only argument hands it over.

terraform {
  # Ephemeral resources (1.10) and write-only arguments (1.11).
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.28, < 7"
    }

    # hmac_key_wo_version was added to the provider in March 2026, while 0.75 and 0.76 were prepared.
    tfe = {
      source  = "hashicorp/tfe"
      version = ">= 0.76, < 1"
    }
  }
}

variable "workspace" {
  description = "The Terraform workspace that these variables are for: each has a state of its own, and so a run task of its own."
  type        = string
  default     = "default"
  nullable    = false

  validation {
    condition     = var.workspace == terraform.workspace
    error_message = "This is the workspace \"${terraform.workspace}\", and the variables are for \"${var.workspace}\": they would make its run task another one. Select that workspace (terraform workspace select), or give this one variables of its own: at least workspace = \"${terraform.workspace}\" and a name."
  }
}

# ---- HCP Terraform

variable "organization" {
  description = "The HCP Terraform organization that gets the run task."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.organization))
    error_message = "organization is the organization's name as it stands in its URL: letters, digits, - and _."
  }
}

variable "hostname" {
  description = "The host name of HCP Terraform or Terraform Enterprise. When null, the environment variable TFE_HOSTNAME, or else app.terraform.io."
  type        = string
  default     = null

  validation {
    condition     = var.hostname == null || can(regex("^[A-Za-z0-9.-]+(:[0-9]+)?$", var.hostname))
    error_message = "hostname is a host name alone, such as app.eu.terraform.io: no https:// and no path."
  }
}

# The token comes from the environment variable TFE_TOKEN or from `terraform login`. Its owner needs the rights to manage
# run tasks and workspaces.
provider "tfe" {
  hostname = var.hostname
}

# ---- The outputs of infra/

variable "infrastructure_state_path" {
  description = "The state file of infra/, if it is a local file. Read only while url or hmac_key_parameter_arn is null."
  type        = string
  default     = "infra/terraform.tfstate"
}

variable "infrastructure_workspace" {
  description = "The HCP Terraform workspace that keeps the state of infra/; takes the place of infrastructure_state_path. Organization and hostname default to those above. The workspace must share its state with the workspace or person that applies this."
  type = object({
    name         = string
    organization = optional(string)
    hostname     = optional(string)
  })
  default = null
}

variable "url" {
  description = "The run task's URL. When null, the output url of infra/."
  type        = string
  default     = null

  validation {
    condition     = var.url == null || can(regex("^https://[^/@[:space:]]+(/[^[:space:]]*)?$", var.url))
    error_message = "url is the https URL of the run task: each request to it carries a token."
  }
}

variable "path" {
  description = "The name of the task that this run task calls, which is appended to the URL. Empty: the task `default`."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?)?$", var.path)) && !contains(["default", "healthz"], var.path)
    error_message = "path is the name of a task, a-z, 0-9 and - between them; it is empty for the task `default`, which is called at the URL itself."
  }
}

variable "hmac_key_parameter_arn" {
  description = "The ARN of the SSM SecureString that holds the HMAC key. When null, the output hmac_key_parameter_arn of infra/."
  type        = string
  default     = null

  validation {
    condition     = var.hmac_key_parameter_arn == null || can(regex("^arn:[a-z0-9-]+:ssm:[a-z0-9-]+:[0-9]{12}:parameter/.+$", var.hmac_key_parameter_arn))
    error_message = "hmac_key_parameter_arn is the ARN of an SSM parameter: arn:aws:ssm:REGION:ACCOUNT:parameter/NAME."
  }
}

variable "hmac_key_version" {
  description = "The version of the HMAC key, as in infra/: HCP Terraform gets the key when this number changes. When null, the output hmac_key_version of infra/: to rotate, apply infra/ with a higher one, then apply this."
  type        = number
  default     = null

  validation {
    condition     = var.hmac_key_version == null || try(var.hmac_key_version >= 1 && floor(var.hmac_key_version) == var.hmac_key_version, false)
    error_message = "hmac_key_version is a whole number from 1 on."
  }
}

locals {
  reads_state = var.url == null || var.hmac_key_parameter_arn == null
}

data "terraform_remote_state" "local" {
  count   = local.reads_state && var.infrastructure_workspace == null ? 1 : 0
  backend = "local"

  config = {
    path = var.infrastructure_state_path
  }
}

data "terraform_remote_state" "hcp_terraform" {
  count   = local.reads_state && var.infrastructure_workspace != null ? 1 : 0
  backend = "remote"

  config = {
    hostname     = coalesce(var.infrastructure_workspace.hostname, var.hostname, "app.terraform.io")
    organization = coalesce(var.infrastructure_workspace.organization, var.organization)
    workspaces   = { name = var.infrastructure_workspace.name }
  }
}

locals {
  infrastructure = one(concat(
    data.terraform_remote_state.local[*].outputs,
    data.terraform_remote_state.hcp_terraform[*].outputs,
  ))

  base_url               = var.url != null ? var.url : local.infrastructure.url
  url                    = var.path == "" ? local.base_url : "${trimsuffix(local.base_url, "/")}/${var.path}"
  hmac_key_parameter_arn = var.hmac_key_parameter_arn != null ? var.hmac_key_parameter_arn : local.infrastructure.hmac_key_parameter_arn
  # Without infra/, the first.
  hmac_key_version = coalesce(var.hmac_key_version, try(local.infrastructure.hmac_key_version, null), 1)

  # The provider sends the key only when this number changes. So it is made of everything that may bring another key:
  # version, parameter and URL. It has to be a whole number, hence the first 28 bits.
  hmac_key_wo_version = parseint(substr(sha256("${local.url} ${local.hmac_key_parameter_arn} ${local.hmac_key_version}"), 0, 7), 16)
}

provider "aws" {
  # The parameter's own: arn:aws:ssm:REGION:…
  region = split(":", local.hmac_key_parameter_arn)[3]
}

# ---- The run task

variable "name" {
  description = "The run task's name in HCP Terraform."
  type        = string
  default     = "my-custom-run-task"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.name))
    error_message = "name may have letters, digits, - and _."
  }
}

variable "description" {
  description = "The text that people read about the run task in HCP Terraform."
  type        = string
  default     = "Checks the configuration and the plan of a run, and reports one result."

  validation {
    condition     = length(var.description) <= 300
    error_message = "description may have 300 characters."
  }
}

variable "enabled" {
  description = "Whether HCP Terraform calls the run task at all."
  type        = bool
  default     = true
}

ephemeral "aws_ssm_parameter" "hmac_key" {
  arn             = local.hmac_key_parameter_arn
  with_decryption = true
}

resource "tfe_organization_run_task" "this" {
  organization = var.organization
  name         = var.name
  description  = var.description
  url          = local.url
  enabled      = var.enabled

  hmac_key_wo         = ephemeral.aws_ssm_parameter.hmac_key.value
  hmac_key_wo_version = local.hmac_key_wo_version
}

# ---- Where it runs

variable "attachments" {
  description = <<-EOT
    The workspaces that the run task is attached to, as groups under names of your own.
    A group selects by workspace_names (a * at the beginning or the end stands for any text), by tags (all of them; an empty value stands for any), or by both, which add up.
    A workspace may be in one group only.
    Mandatory in prod and advisory in dev:

      attachments = {
        prod = {
          tags              = { environment = "prod" }
          stages            = ["post_plan", "pre_apply"]
          enforcement_level = "mandatory"
        }
        dev = {
          workspace_names   = ["sandbox", "dev-*"]
          tags              = { environment = "dev" }
          enforcement_level = "advisory"
        }
      }
  EOT
  type = map(object({
    workspace_names   = optional(set(string), [])
    tags              = optional(map(string), {})
    stages            = optional(list(string), ["post_plan"])
    enforcement_level = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for it in var.attachments : length(it.workspace_names) + length(it.tags) > 0])
    error_message = "Every group of attachments needs workspace_names, tags, or both."
  }

  validation {
    condition     = alltrue([for it in var.attachments : contains(["advisory", "mandatory"], it.enforcement_level)])
    error_message = "The enforcement_level of attachments is advisory or mandatory."
  }

  validation {
    condition = alltrue([
      for it in var.attachments : length(it.stages) > 0 && length(distinct(it.stages)) == length(it.stages) && length(setsubtract(it.stages, ["pre_plan", "post_plan", "pre_apply", "post_apply"])) == 0
    ])
    error_message = "The stages of attachments are one or more of pre_plan, post_plan, pre_apply, post_apply, each once."
  }
}

data "tfe_workspace_ids" "by_name" {
  for_each = { for group, it in var.attachments : group => it if length(it.workspace_names) > 0 }

  organization = var.organization
  names        = sort(each.value.workspace_names)

  lifecycle {
    # The provider leaves out a name that it does not find, and a typing error would go unnoticed.
    postcondition {
      condition     = alltrue([for name in each.value.workspace_names : strcontains(name, "*") || contains(keys(self.ids), name)])
      error_message = "The organization has no workspace ${join(", ", [for name in each.value.workspace_names : name if !strcontains(name, "*") && !contains(keys(self.ids), name)])} (attachments, group ${each.key}), or the token may not see it."
    }
  }
}

data "tfe_workspace_ids" "by_tag" {
  for_each = { for group, it in var.attachments : group => it if length(it.tags) > 0 }

  organization = var.organization

  tag_filters {
    include = each.value.tags
  }
}

locals {
  # One entry for each workspace of each group. Within a group, a name and a tag may select the same workspace.
  # The tester below has an attachment of its own, whatever "*" selects.
  selected = flatten([
    for group, it in var.attachments : [
      for workspace, id in merge(
        length(it.workspace_names) > 0 ? data.tfe_workspace_ids.by_name[group].ids : {},
        length(it.tags) > 0 ? data.tfe_workspace_ids.by_tag[group].ids : {},
      ) : { group = group, workspace = workspace, id = id } if workspace != var.tester_workspace
    ]
  ])

  # By id, so that a workspace that is renamed stays attached.
  attached = { for it in local.selected : it.id => it... }
}

resource "tfe_workspace_run_task" "attached" {
  for_each = local.attached

  workspace_id      = each.key
  task_id           = tfe_organization_run_task.this.id
  stages            = var.attachments[each.value[0].group].stages
  enforcement_level = var.attachments[each.value[0].group].enforcement_level

  lifecycle {
    # HCP Terraform attaches a run task to a workspace once.
    precondition {
      condition     = length(each.value) == 1
      error_message = "The workspace ${each.value[0].workspace} is in more than one group of attachments: ${join(", ", each.value[*].group)}. Change the names or tags so that one group has it."
    }
  }
}

variable "global" {
  description = "Runs the task in every workspace of the organization, attached or not. When null, only in attached workspaces. Not every edition of HCP Terraform has this."
  type = object({
    stages            = optional(list(string), ["post_plan"])
    enforcement_level = string
  })
  default = null

  validation {
    condition     = var.global == null || try(contains(["advisory", "mandatory"], var.global.enforcement_level), false)
    error_message = "The enforcement_level of global is advisory or mandatory."
  }

  validation {
    condition = var.global == null || try(
      length(var.global.stages) > 0 && length(distinct(var.global.stages)) == length(var.global.stages) && length(setsubtract(var.global.stages, ["pre_plan", "post_plan", "pre_apply", "post_apply"])) == 0,
      false,
    )
    error_message = "The stages of global are one or more of pre_plan, post_plan, pre_apply, post_apply, each once."
  }
}

resource "tfe_organization_run_task_global_settings" "this" {
  count = var.global != null ? 1 : 0

  task_id           = tfe_organization_run_task.this.id
  enabled           = true
  stages            = var.global.stages
  enforcement_level = var.global.enforcement_level
}

# ---- A workspace to try it in

variable "tester_workspace" {
  description = "The name of a workspace that is created to try the run task in, attached after the plan and advisory. An empty workspace costs nothing and stops nobody; null makes none."
  type        = string
  default     = "run-task-tester"

  validation {
    condition     = var.tester_workspace == null || can(regex("^[A-Za-z0-9_-]+$", var.tester_workspace))
    error_message = "tester_workspace may have letters, digits, - and _."
  }
}

resource "tfe_workspace" "tester" {
  count = var.tester_workspace != null ? 1 : 0

  organization = var.organization
  name         = var.tester_workspace
  description  = "To try the run task ${var.name} in."
}

resource "tfe_workspace_run_task" "tester" {
  count = var.tester_workspace != null ? 1 : 0

  workspace_id      = tfe_workspace.tester[0].id
  task_id           = tfe_organization_run_task.this.id
  stages            = ["post_plan"]
  enforcement_level = "advisory"
}

# ---- Outputs

output "run_task_id" {
  description = "The run task's id in HCP Terraform."
  value       = tfe_organization_run_task.this.id
}

output "run_task_url" {
  description = "The URL that HCP Terraform calls."
  value       = tfe_organization_run_task.this.url
}

output "workspaces" {
  description = "The workspaces of attachments, by name, with the group that selected each."
  value       = { for it in local.selected : it.workspace => it.group... }
}
