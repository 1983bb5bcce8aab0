# Holds what the roles share. Each function has a role of its own, in its own file, because each needs something else;
# or one that you give it, with the variable roles.

locals {
  makes_roles = var.roles == null ? 1 : 0

  # The name of the deployment, by way of the first role, which so is made before anything else and destroyed last.
  # A second state with the same name fails at that role: IAM has each name once in an account.
  name = var.roles == null ? trimsuffix(aws_iam_role.request_handler[0].name, "-request-handler") : var.name

  # The same by way of the table as well, for what AWS would give to a second state although it is the first one's, so that
  # a destroy of the second would delete it: a queue, an alarm, a topic, a dashboard. Where roles are yours, the table is
  # what a second state fails at.
  own_name = trimsuffix(aws_dynamodb_table.claims.name, "-claims")

  # The role of each function.
  role_arns = var.roles != null ? { for role, arn in var.roles : replace(role, "_", "-") => arn } : merge(
    {
      request-handler  = aws_iam_role.request_handler[0].arn
      callback-handler = aws_iam_role.callback_handler[0].arn
      failure-handler  = aws_iam_role.failure_handler[0].arn
    },
    { for it in aws_iam_role.report_handler : "report-handler" => it.arn },
    { for it in aws_iam_role.approval_handler : "approval-handler" => it.arn },
    { for it in aws_iam_role.approval_sweep : "approval-sweep" => it.arn },
    { for it in aws_iam_role.approval_schedule : "approval-schedule" => it.arn },
  )

  # What each must be allowed.
  role_policies = { for role, policy in {
    request-handler   = local.request_handler_policy
    callback-handler  = local.callback_handler_policy
    failure-handler   = local.failure_handler_policy
    report-handler    = local.report_handler_policy
    approval-handler  = local.approval_handler_policy
    approval-sweep    = local.approval_sweep_policy
    approval-schedule = local.approval_schedule_policy
  } : role => policy if policy != null }

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
