# Holds the settings that the callback handler and the failure handler share.

locals {
  # The request handler has it, too. Without it, HCP Terraform's own origins are allowed.
  origins_environment = length(var.allowed_origins) == 0 ? {} : { RUNTASK_ALLOWED_ORIGINS = join(",", var.allowed_origins) }

  report_environment = merge(
    var.settings,
    {
      RUNTASK_METRICS_NAMESPACE = local.name
      RUNTASK_ON_ERROR          = var.on_error
      RUNTASK_TABLE             = aws_dynamodb_table.claims.name
    },
    local.config_environment,
    local.origins_environment,
  )
}
