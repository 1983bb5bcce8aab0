# Holds what the roles share. Each function has a role of its own, in its own file, because each needs something else.

locals {
  # The name of the deployment, by way of the first role, which so is made before anything else and destroyed last.
  # A second state with the same name fails at that role: IAM has each name once in an account. CloudWatch would give the
  # second state what is the first one's, and a destroy would then delete it there.
  name = trimsuffix(aws_iam_role.runner.name, "-function")

  account_arn = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}"

  # Lambda may take on the roles of the functions.
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
}
