# The run task: `runtask serve` in the dialect of ms-teams-approval-run-task.

locals {
  container_image = "${var.run_task_container_registry}/${var.run_task_container_image}"

  # Name in the environment to name of the secret. Container Apps wants lower-case names with hyphens.
  secrets = merge(
    {
      HMAC_KEY              = var.run_task_hmac_key
      RUNTASK_APPROVALS_KEY = var.run_task_approvals_key
      TEAMS_WEBHOOK_URL     = var.run_task_teams_webhook_url
    },
    var.redis ? { REDIS_PASSWORD = azurerm_managed_redis.this[0].default_database[0].primary_access_key } : {},
  )

  # The names are no secret, and for_each needs to know them.
  secret_names = concat(
    ["HMAC_KEY", "RUNTASK_APPROVALS_KEY", "TEAMS_WEBHOOK_URL"],
    var.redis ? ["REDIS_PASSWORD"] : [],
  )

  environment = merge(
    {
      BASE_PUBLIC_URL               = trimsuffix(var.run_task_base_public_url, "/")
      FILTER_SPECULATIVE_PLANS_ONLY = tostring(var.filter_speculative_plans_only)
      RUNTASK_DIALECT               = "teams-approval"
    },
    var.redis ? { REDIS_URL = "rediss://${azurerm_managed_redis.this[0].hostname}:${azurerm_managed_redis.this[0].default_database[0].port}" } : {},
    var.settings,
  )
}

resource "azurerm_container_app" "this" {
  name                         = var.name
  container_app_environment_id = azurerm_container_app_environment.this.id
  resource_group_name          = data.azurerm_resource_group.this.name
  revision_mode                = "Single"
  workload_profile_name        = "Consumption"
  tags                         = var.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.this.id]
  }

  dynamic "registry" {
    for_each = var.container_registry_id == null ? [] : [split("/", var.run_task_container_registry)[0]]

    content {
      server   = registry.value
      identity = azurerm_user_assigned_identity.this.id
    }
  }

  dynamic "secret" {
    for_each = local.secret_names

    content {
      name  = lower(replace(secret.value, "_", "-"))
      value = local.secrets[secret.value]
    }
  }

  ingress {
    external_enabled = true
    target_port      = 8080

    traffic_weight {
      latest_revision = true
      percentage      = 100
    }
  }

  template {
    min_replicas = var.min_replicas
    max_replicas = var.max_replicas
    # More than RUNTASK_SHUTDOWN_TIMEOUT_MS: what is at work gets its result.
    termination_grace_period_seconds = 40

    http_scale_rule {
      name                = "requests"
      concurrent_requests = "100"
    }

    container {
      name   = "runtask"
      image  = local.container_image
      cpu    = 0.5
      memory = "1Gi"

      dynamic "env" {
        for_each = local.environment

        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = local.secret_names

        content {
          name        = env.value
          secret_name = lower(replace(env.value, "_", "-"))
        }
      }

      startup_probe {
        transport               = "HTTP"
        port                    = 8080
        path                    = "/healthz"
        interval_seconds        = 1
        failure_count_threshold = 10
      }

      readiness_probe {
        transport = "HTTP"
        port      = 8080
        path      = "/healthz"
        timeout   = 3
      }

      liveness_probe {
        transport        = "HTTP"
        port             = 8080
        path             = "/healthz"
        interval_seconds = 30
        timeout          = 3
      }
    }
  }

  lifecycle {
    precondition {
      condition     = var.redis || var.max_replicas == 1
      error_message = "Without Redis there may be one replica only: approvals that one holds, the others do not know. Set min_replicas and max_replicas to 1, or redis to true."
    }
  }

  # The image cannot be pulled before.
  depends_on = [azurerm_role_assignment.pull]
}
