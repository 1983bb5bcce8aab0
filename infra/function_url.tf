# Makes the URL that HCP Terraform calls. It has no authorization by AWS, because HCP Terraform signs requests in its
# own way and not in AWS's; the request handler verifies that signature before anything else. It has no CORS, because no
# browser calls it. The variable url_authorization closes it to all but those whom you give the right to call it.
#
# A public function URL needs two statements in the function's policy: this one, and the one in function_url_invoke.tf.
# The provider adds the same two when it makes a URL like this, since release 6.28, and keeps track of neither: they are
# gone only with the function. Ours are planned, kept and destroyed like anything else. They have ids of their own:
# AWS refuses an id that is there (409), and the provider is known to take that for success with its first statement
# (FunctionURLAllowPublicAccess), not with its second (FunctionURLAllowInvokeAction). The same statement twice allows
# what it allows once. All are added one after the other, because AWS refuses changes of a policy at the same time.

locals {
  url_is_public = var.url_authorization == "NONE" ? 1 : 0
}

resource "aws_lambda_permission" "function_url" {
  count = local.url_is_public

  region = var.region

  statement_id           = "PublicUrl"
  function_name          = aws_lambda_function.request_handler.function_name
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "*"
  function_url_auth_type = "NONE"

  lifecycle {
    # HCP Terraform may call at any moment.
    create_before_destroy = true
  }
}

resource "aws_lambda_function_url" "request_handler" {
  region = var.region

  function_name      = aws_lambda_function.request_handler.function_name
  authorization_type = var.url_authorization

  depends_on = [aws_lambda_permission.function_url, aws_lambda_permission.function_url_invoke]
}
