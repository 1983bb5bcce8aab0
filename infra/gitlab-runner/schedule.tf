# Makes the schedule: a poll now and then, for hooks that got lost, and so that GitLab takes the runner for online. GitLab
# gives up jobs without a matching runner that was seen within two hours.

resource "aws_iam_role" "schedule" {
  name        = "${local.name}-schedule"
  description = "Lets the schedule start the GitLab runner"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  name = "schedule"
  role = aws_iam_role.schedule.id

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

resource "aws_scheduler_schedule" "poll" {
  name                = "${local.name}-poll"
  description         = "Lets ${local.name}-function ask GitLab for jobs"
  schedule_expression = var.schedule
  kms_key_arn         = local.kms_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.runner.arn
    role_arn = aws_iam_role.schedule.arn
    # Once: whoever waits for a job waits for money.
    input = jsonencode({ action = "poll", idle_seconds = 0 })

    retry_policy {
      maximum_retry_attempts = 0
    }
  }
}
