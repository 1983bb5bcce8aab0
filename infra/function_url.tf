# Makes the URL that HCP Terraform calls. It has no authorization by AWS, because HCP Terraform signs requests in its
# own way and not in AWS's; the request handler verifies that signature before anything else. It has no CORS, because no
# browser calls it.
#
# A public function URL needs two statements in the function's policy: this one, and the one in function_url_invoke.tf.
# Releases of the provider add one or both themselves when they make a URL like this, without keeping track of them.
# With their very ids, and made before the URL, both are ours: planned, kept and destroyed like anything else.

resource "aws_lambda_permission" "function_url" {
  statement_id           = "FunctionURLAllowPublicAccess"
  function_name          = aws_lambda_function.request_handler.function_name
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "*"
  function_url_auth_type = "NONE"
}

resource "aws_lambda_function_url" "request_handler" {
  function_name      = aws_lambda_function.request_handler.function_name
  authorization_type = "NONE"

  depends_on = [aws_lambda_permission.function_url, aws_lambda_permission.function_url_invoke]
}
