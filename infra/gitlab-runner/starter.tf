# Makes the role of people who start the runner by hand: `runtask runner start` and `aws lambda invoke`. It can do nothing
# else. Who may take it on is the variable starters.

resource "aws_iam_role" "starter" {
  count = length(var.starters) == 0 ? 0 : 1

  name        = "${local.name}-starter"
  description = "Starts the GitLab runner"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge(
      {
        Effect    = "Allow"
        Principal = { AWS = var.starters }
        Action    = "sts:AssumeRole"
      },
      var.starters_need_mfa ? { Condition = { Bool = { "aws:MultiFactorAuthPresent" = "true" } } } : {},
    )]
  })
}

resource "aws_iam_role_policy" "starter" {
  count = length(var.starters) == 0 ? 0 : 1

  name = "starter"
  role = aws_iam_role.starter[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Start"
      Effect   = "Allow"
      Action   = "lambda:InvokeFunction"
      Resource = aws_lambda_function.runner.arn
    }]
  })
}
