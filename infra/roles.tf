# Holds the statements that the three roles share. Each function has a role of its own, in its own file, because each
# needs something else.

locals {
  # The name of the deployment, by way of the first role, which so is made before anything else and destroyed last.
  # A second state with the same name fails at that role: IAM has each name once in an account. SQS, CloudWatch and SNS
  # would give the second state what is the first one's, and a destroy would then delete it there.
  name = trimsuffix(aws_iam_role.request_handler.name, "-request-handler")

  # Lambda may take on the roles.
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

  # X-Ray knows no resources, so these two cannot be limited to any.
  tracing_statements = [for tracing in var.tracing ? [true] : [] : {
    Sid      = "Tracing"
    Effect   = "Allow"
    Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    Resource = "*"
  }]

  tracing_mode = var.tracing ? "Active" : "PassThrough"
}
