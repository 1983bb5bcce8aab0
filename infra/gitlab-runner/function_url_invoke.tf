# Makes the second statement that a public function URL needs: callers of the URL may invoke the function.
#
# `invoked_via_function_url` is the condition that keeps everybody else out. Without it, anybody with credentials of any
# AWS account could call Invoke.

resource "aws_lambda_permission" "function_url_invoke" {
  statement_id             = "PublicUrlInvoke"
  function_name            = aws_lambda_function.hook.function_name
  action                   = "lambda:InvokeFunction"
  principal                = "*"
  invoked_via_function_url = true
}
