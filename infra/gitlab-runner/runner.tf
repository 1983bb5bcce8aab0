# Makes the runner function: it asks GitLab for jobs, and runs them. Its program comes as a container image, because
# terraform's providers are too large for a zip: `make runner-image` builds it.
#
# The repository has to be there before the image, and the image before the function. So the first time it takes two steps:
#
#   terraform apply -target=aws_ecr_repository.runner -target=aws_iam_role_policy.image_pusher
#   (push the image)
#   terraform apply
#
# Whoever can run a job on a protected ref can do what the apply role can. The function's own role can do little, and its
# credentials reach no job.

# The first of all resources: everything else takes its name from it (roles.tf).
resource "aws_iam_role" "runner" {
  name               = "${var.name}-function"
  description        = "Lets the GitLab runner read its secret, take on the roles of jobs, and keep tickets and caches"
  assume_role_policy = local.assume_role_policy
}

resource "aws_iam_role_policy" "runner" {
  name = "runner"
  role = aws_iam_role.runner.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "Secret"
          Effect   = "Allow"
          Action   = "secretsmanager:GetSecretValue"
          Resource = aws_secretsmanager_secret.runner.arn
        },
        {
          # Lambda calls an on-failure destination with the role of the function that failed.
          Sid      = "OnFailure"
          Effect   = "Allow"
          Action   = "lambda:InvokeFunction"
          Resource = aws_lambda_function.failure.arn
        },
        local.log_statements["runner"],
      ],
      [for roles in [local.job_role_arns] : {
        Sid      = "JobRoles"
        Effect   = "Allow"
        Action   = ["sts:AssumeRole", "sts:TagSession"]
        Resource = roles
      } if length(roles) > 0],
      local.ticket_statements,
      local.bucket_statements,
      local.decrypt_secret_statements,
      local.decrypt_tickets_statements,
      local.decrypt_values_statements,
      local.decrypt_bucket_statements,
    )
  })
}

resource "aws_lambda_function" "runner" {
  function_name = "${local.name}-function"
  description   = "Runs jobs of ${var.gitlab_url}"
  role          = aws_iam_role.runner.arn
  package_type  = "Image"
  image_uri     = "${aws_ecr_repository.runner.repository_url}:${var.image_tag}"
  architectures = [var.architecture]
  memory_size   = var.runner_memory_mb
  timeout       = var.runner_timeout_seconds
  kms_key_arn   = local.kms_key_arn

  # One job at a time in each environment, and so many environments. Events that find none free wait in Lambda's queue.
  reserved_concurrent_executions = var.runner_concurrency

  ephemeral_storage {
    size = var.runner_tmp_mb
  }

  environment {
    variables = merge(
      var.settings,
      local.gitlab_environment,
      {
        RUNNER_PROMISED_SECONDS = tostring(var.promised_seconds)
        RUNNER_REVISION         = var.image_tag
        RUNNER_REQUIRE_SEAL     = tostring(var.require_seal)
      },
      length(var.projects) == 0 ? {} : { RUNNER_ALLOWED_PROJECTS = join(",", var.projects) },
      length(local.job_roles) == 0 ? {} : {
        RUNNER_JOB_ROLES   = join(",", local.job_roles)
        RUNNER_EXTERNAL_ID = local.name
      },
      local.bucket_environment,
    )
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function["runner"].name
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  tracing_config {
    mode = "PassThrough"
  }

  depends_on = [aws_iam_role_policy.runner]

  lifecycle {
    precondition {
      condition     = var.runner_timeout_seconds >= var.promised_seconds + 80
      error_message = "A job of promised_seconds and 80 seconds to stop and report it must fit into runner_timeout_seconds: else no job is ever taken."
    }
  }
}

resource "aws_lambda_function_event_invoke_config" "runner" {
  function_name = aws_lambda_function.runner.function_name

  # A poll that failed is made again by the schedule, and a job that was begun is never run twice by us.
  maximum_retry_attempts = 0

  # Events wait while jobs are being run.
  maximum_event_age_in_seconds = 3600

  destination_config {
    on_failure {
      destination = aws_lambda_function.failure.arn
    }
  }
}

# What the runner and the failure function are told.
locals {
  gitlab_environment = {
    GITLAB_URL               = var.gitlab_url
    RUNNER_METRICS_NAMESPACE = local.name
    RUNNER_SECRET_ID         = aws_secretsmanager_secret.runner.arn
    RUNNER_TICKET_TABLE      = aws_dynamodb_table.tickets.name
  }
}
