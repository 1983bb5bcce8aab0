# Makes the URL that people open, with the first of the two statements that it needs; the second is beside the request
# handler's (function_url_invoke.tf), and function_url.tf says why there are two. It has no authorization by AWS: people
# sign in with your identity provider, Slack signs, and each page says who may see it.

resource "aws_lambda_permission" "approval_url" {
  count = local.with_approvals

  region = var.region

  statement_id           = "PublicUrl"
  function_name          = aws_lambda_function.approval_handler[0].function_name
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "*"
  function_url_auth_type = "NONE"

  lifecycle {
    # People may open a page at any moment.
    create_before_destroy = true
  }
}

resource "aws_lambda_function_url" "approval_handler" {
  count = local.with_approvals

  region = var.region

  function_name      = aws_lambda_function.approval_handler[0].function_name
  authorization_type = "NONE"

  depends_on = [aws_lambda_permission.approval_url, aws_lambda_permission.approval_url_invoke]
}
