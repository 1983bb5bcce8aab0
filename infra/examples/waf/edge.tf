# The function at the edge, which says the hash of each body (body_hash.py). Lambda@Edge wants a published version, on
# x86_64, with at most 5 seconds and no environment.

locals {
  body_hash_zip = "${path.module}/body_hash.zip"
}

resource "aws_iam_role" "body_hash" {
  provider = aws.edge

  name        = "${local.name}-body-hash"
  description = "Lets the function at the edge write logs"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = ["lambda.amazonaws.com", "edgelambda.amazonaws.com"] }
      Action    = "sts:AssumeRole"
    }]
  })
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

resource "aws_iam_role_policy" "body_hash" {
  provider = aws.edge

  name = "body-hash"
  role = aws_iam_role.body_hash.id

  # Its logs are in the region of whichever edge ran it.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Logs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "arn:${data.aws_partition.current.partition}:logs:*:${data.aws_caller_identity.current.account_id}:log-group:/aws/lambda/us-east-1.${local.name}-body-hash:*"
    }]
  })
}

resource "aws_lambda_function" "body_hash" {
  #checkov:skip=CKV_AWS_50:Functions at the edge are not traced
  provider = aws.edge

  function_name    = "${local.name}-body-hash"
  description      = "Says the hash of each body, which CloudFront's signature needs"
  role             = aws_iam_role.body_hash.arn
  filename         = local.body_hash_zip
  source_code_hash = filebase64sha256(local.body_hash_zip)
  runtime          = "python3.13"
  handler          = "body_hash.handler"
  memory_size      = 128
  timeout          = 5
  publish          = true

  lifecycle {
    precondition {
      condition     = fileexists(local.body_hash_zip)
      error_message = "There is no ${local.body_hash_zip}: run `python3 -m zipfile -c body_hash.zip body_hash.py` beside it."
    }
  }
}
