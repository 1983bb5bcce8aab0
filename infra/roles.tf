# What the three roles have in common. Each function has a role of its own, in its own file, because none needs what
# another needs.

locals {
  # Who may take on the roles: Lambda.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })

  # Each function writes to streams of its own log group. Lambda chooses their names.
  log_statements = { for function, group in aws_cloudwatch_log_group.function :
    function => {
      Sid      = "Logs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${group.arn}:*"
    }
  }

  # X-Ray knows no resources, so AWS lets nobody limit these two to any.
  tracing_statements = [for tracing in var.tracing ? [true] : [] : {
    Sid      = "Tracing"
    Effect   = "Allow"
    Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    Resource = "*"
  }]

  tracing_mode = var.tracing ? "Active" : "PassThrough"
}
