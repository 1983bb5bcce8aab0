# Makes the URL that GitLab's hooks go to. It has no authorization by AWS, because GitLab signs in its own way: the hook
# function verifies that before anything else.
#
# A public function URL needs two statements in the function's policy: this one, and the one in function_url_invoke.tf.
# The provider adds the same two by itself and keeps track of neither, so ours have ids of their own (../function_url.tf).

resource "aws_lambda_permission" "function_url" {
  statement_id           = "PublicUrl"
  function_name          = aws_lambda_function.hook.function_name
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "*"
  function_url_auth_type = "NONE"
}

resource "aws_lambda_function_url" "hook" {
  function_name      = aws_lambda_function.hook.function_name
  authorization_type = "NONE"

  depends_on = [aws_lambda_permission.function_url, aws_lambda_permission.function_url_invoke]
}
