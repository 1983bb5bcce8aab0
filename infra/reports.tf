# Holds the settings that the callback handler and the failure handler share.

locals {
  report_environment = merge(
    var.settings,
    {
      RUNTASK_METRICS_NAMESPACE = var.name
      RUNTASK_ON_ERROR          = var.on_error
      RUNTASK_TABLE             = aws_dynamodb_table.claims.name
    },
    local.config_environment,
    # Without it, HCP Terraform's own origins are allowed.
    length(var.allowed_origins) == 0 ? {} : { RUNTASK_ALLOWED_ORIGINS = join(",", var.allowed_origins) },
  )
}
