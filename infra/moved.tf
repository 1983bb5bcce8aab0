# Says where resources are now that had no index before, so that an upgrade changes nothing of them.

moved {
  from = aws_iam_role.request_handler
  to   = aws_iam_role.request_handler[0]
}

moved {
  from = aws_iam_role_policy.request_handler
  to   = aws_iam_role_policy.request_handler[0]
}

moved {
  from = aws_iam_role.callback_handler
  to   = aws_iam_role.callback_handler[0]
}

moved {
  from = aws_iam_role_policy.callback_handler
  to   = aws_iam_role_policy.callback_handler[0]
}

moved {
  from = aws_iam_role.failure_handler
  to   = aws_iam_role.failure_handler[0]
}

moved {
  from = aws_iam_role_policy.failure_handler
  to   = aws_iam_role_policy.failure_handler[0]
}

moved {
  from = aws_lambda_permission.function_url
  to   = aws_lambda_permission.function_url[0]
}

moved {
  from = aws_lambda_permission.function_url_invoke
  to   = aws_lambda_permission.function_url_invoke[0]
}

moved {
  from = aws_lambda_function_event_invoke_config.callback_handler
  to   = aws_lambda_function_event_invoke_config.callback_handler["$LATEST"]
}

# The queue says it itself now.
removed {
  from = aws_sqs_queue_policy.failures

  lifecycle {
    destroy = false
  }
}
