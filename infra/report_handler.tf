# Makes the report handler, if the variable reports asks for pages: it reads one page for whoever has the link, and can do
# nothing else. It has a URL of its own, so that readers take nothing from HCP Terraform's requests.

locals {
  # How people reach the pages.
  reports_url = (
    var.reports == null ? null :
    var.reports.public_url != null ? trimsuffix(var.reports.public_url, "/") :
    trimsuffix(aws_lambda_function_url.report_handler[0].function_url, "/")
  )
}

resource "aws_iam_role" "report_handler" {
  count = local.with_reports * local.makes_roles

  tags = local.tags

  name                 = "${local.name}-report-handler"
  description          = "Lets the report handler read pages of results"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  assume_role_policy   = local.assume_role_policy
}

locals {
  report_handler_policy = var.reports == null ? null : jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "ReadReports"
          Effect   = "Allow"
          Action   = "s3:GetObject"
          Resource = "${aws_s3_bucket.reports[0].arn}/reports/*"
        },
        local.log_statements["report-handler"],
      ],
      [for key in local.kms_key_arns : {
        Sid      = "DecryptReports"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = key
        Condition = {
          StringEquals = { "kms:EncryptionContext:aws:s3:arn" = aws_s3_bucket.reports[0].arn }
        }
      }],
      local.tracing_statements,
    )
  })
}

resource "aws_iam_role_policy" "report_handler" {
  count = local.with_reports * local.makes_roles

  name = "report-handler"
  role = aws_iam_role.report_handler[0].id

  policy = local.report_handler_policy
}

resource "aws_lambda_function" "report_handler" {
  count = local.with_reports

  region = var.region
  tags   = local.tags

  function_name     = "${local.name}-report-handler"
  description       = "Shows the pages of results to whoever has the link"
  role              = local.role_arns["report-handler"]
  package_type      = local.packages["report-handler"].package_type
  filename          = local.packages["report-handler"].filename
  s3_bucket         = local.packages["report-handler"].s3_bucket
  s3_key            = local.packages["report-handler"].s3_key
  s3_object_version = local.packages["report-handler"].s3_object_version
  image_uri         = local.packages["report-handler"].image_uri
  source_code_hash  = local.packages["report-handler"].source_code_hash
  runtime           = local.packages["report-handler"].runtime
  handler           = local.packages["report-handler"].handler
  architectures     = [var.architecture]
  memory_size       = var.reports.memory_mb
  timeout           = 10
  kms_key_arn       = local.kms_key_arn

  reserved_concurrent_executions = var.reports.reserved_concurrency

  dynamic "image_config" {
    for_each = local.packages["report-handler"].commands
    content {
      command = image_config.value
    }
  }

  environment {
    variables = {
      RUNTASK_METRICS_NAMESPACE = local.name
      RUNTASK_REPORTS           = "s3://${aws_s3_bucket.reports[0].bucket}"
      RUNTASK_REPORT_DAYS       = var.reports.days
    }
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function["report-handler"].name
    application_log_level = var.log_level
    system_log_level      = var.system_log_level
  }

  tracing_config {
    mode = local.tracing_mode
  }

  depends_on = [aws_iam_role_policy.report_handler]

  lifecycle {
    precondition {
      condition     = local.packages["report-handler"].exists
      error_message = local.package_missing["report-handler"]
    }
  }
}
