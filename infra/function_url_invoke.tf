# Makes the second statement that a public function URL needs: callers of the URL may invoke the function.
#
# `invoked_via_function_url` is the condition that keeps everybody else out. Without it, anybody with credentials of any
# AWS account could call Invoke, with a payload of their own and `LogType=Tail`, and read the end of the function's log.
# The argument is new in release 6.28 of the provider; all else that infra/ needs is in its 6.0.

resource "aws_lambda_permission" "function_url_invoke" {
  count = local.url_is_public

  region = var.region

  statement_id             = "PublicUrlInvoke"
  function_name            = aws_lambda_function.request_handler.function_name
  action                   = "lambda:InvokeFunction"
  principal                = "*"
  invoked_via_function_url = true

  lifecycle {
    create_before_destroy = true
  }
}

# The same for the pages of approvals.
resource "aws_lambda_permission" "approval_url_invoke" {
  count = local.with_approvals

  region = var.region

  statement_id             = "PublicUrlInvoke"
  function_name            = aws_lambda_function.approval_handler[0].function_name
  action                   = "lambda:InvokeFunction"
  principal                = "*"
  invoked_via_function_url = true

  lifecycle {
    create_before_destroy = true
  }
}

# The same for the pages of results.
resource "aws_lambda_permission" "report_url_invoke" {
  count = local.with_reports

  region = var.region

  statement_id             = "PublicUrlInvoke"
  function_name            = aws_lambda_function.report_handler[0].function_name
  action                   = "lambda:InvokeFunction"
  principal                = "*"
  invoked_via_function_url = true

  lifecycle {
    create_before_destroy = true
  }
}
