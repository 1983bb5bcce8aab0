# Makes the URL of the report handler, with the first of the two statements that it needs; the second is beside the
# request handler's (function_url_invoke.tf), and function_url.tf says why there are two. It has no authorization by AWS:
# who has the link may read the page.

resource "aws_lambda_permission" "report_url" {
  count = local.with_reports

  region = var.region

  statement_id           = "PublicUrl"
  function_name          = aws_lambda_function.report_handler[0].function_name
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "*"
  function_url_auth_type = "NONE"

  lifecycle {
    # Somebody may open a page at any moment.
    create_before_destroy = true
  }
}

resource "aws_lambda_function_url" "report_handler" {
  count = local.with_reports

  region = var.region

  function_name      = aws_lambda_function.report_handler[0].function_name
  authorization_type = "NONE"

  depends_on = [aws_lambda_permission.report_url, aws_lambda_permission.report_url_invoke]
}
