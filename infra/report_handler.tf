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
  count = local.with_reports

  name               = "${local.name}-report-handler"
  description        = "Lets the report handler read pages of results"
  assume_role_policy = local.assume_role_policy
}

resource "aws_iam_role_policy" "report_handler" {
  count = local.with_reports

  name = "report-handler"
  role = aws_iam_role.report_handler[0].id

  policy = jsonencode({
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

resource "aws_lambda_function" "report_handler" {
  count = local.with_reports

  function_name    = "${local.name}-report-handler"
  description      = "Shows the pages of results to whoever has the link"
  role             = aws_iam_role.report_handler[0].arn
  filename         = local.packages["report-handler"]
  source_code_hash = filebase64sha256(local.packages["report-handler"])
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = var.reports.memory_mb
  timeout          = 10
  kms_key_arn      = local.kms_key_arn

  reserved_concurrent_executions = var.reports.reserved_concurrency

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
      condition     = fileexists(local.packages["report-handler"])
      error_message = "There is no ${local.packages["report-handler"]}: ${local.package_advice}"
    }
  }
}
