# A firewall in front: CloudFront with AWS WAF is the only one that may call the function URL. Everything of CloudFront's
# is in us-east-1, wherever the run task is.

variable "requests_per_address" {
  description = "Requests that one address may send in five minutes. HCP Terraform sends all of its requests from a few."
  type        = number
  default     = 1000
}

variable "log_retention_days" {
  description = "How long the firewall's logs are kept."
  type        = number
  default     = 30
}

provider "aws" {
  alias  = "edge"
  region = "us-east-1"
}

module "run_task" {
  source = "../.."

  name              = local.name
  url_authorization = "AWS_IAM"
}

locals {
  name = "runtask-waf"

  # What CloudFront calls.
  function_url_host = trimsuffix(trimprefix(module.run_task.url, "https://"), "/")
}

# Only this distribution may call the URL. AWS wants both statements.
resource "aws_lambda_permission" "cloudfront_url" {
  statement_id           = "CloudFrontUrl"
  function_name          = module.run_task.request_handler
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "cloudfront.amazonaws.com"
  source_arn             = aws_cloudfront_distribution.front.arn
  function_url_auth_type = "AWS_IAM"
}

resource "aws_lambda_permission" "cloudfront_invoke" {
  statement_id             = "CloudFrontInvoke"
  function_name            = module.run_task.request_handler
  action                   = "lambda:InvokeFunction"
  principal                = "cloudfront.amazonaws.com"
  source_arn               = aws_cloudfront_distribution.front.arn
  invoked_via_function_url = true
}

# CloudFront signs requests to the function URL.
resource "aws_cloudfront_origin_access_control" "front" {
  name                              = local.name
  description                       = "Signs requests to the function URL of ${local.name}"
  origin_access_control_origin_type = "lambda"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_distribution" "front" {
  #checkov:skip=CKV_AWS_174:Its certificate is CloudFront's; with yours, say TLSv1.2_2021
  #checkov:skip=CKV2_AWS_42:Its certificate is CloudFront's, so that nothing is needed to try it
  #checkov:skip=CKV_AWS_86:The firewall logs each request, without its signature
  #checkov:skip=CKV_AWS_374:HCP Terraform calls from where it calls
  #checkov:skip=CKV_AWS_310:For a second region, see two-regions
  #checkov:skip=CKV_AWS_305:It is no web site
  #checkov:skip=CKV2_AWS_32:No browser reads its answers
  #checkov:skip=CKV2_AWS_47:The firewall has AWSManagedRulesKnownBadInputsRuleSet, by for_each
  comment     = "The run task ${local.name}"
  enabled     = true
  price_class = "PriceClass_100"
  web_acl_id  = aws_wafv2_web_acl.front.arn

  origin {
    origin_id                = "request-handler"
    domain_name              = local.function_url_host
    origin_access_control_id = aws_cloudfront_origin_access_control.front.id

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id       = "request-handler"
    viewer_protocol_policy = "https-only"
    allowed_methods        = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    cached_methods         = ["GET", "HEAD"]
    # AWS's own CachingDisabled and AllViewerExceptHostHeader: nothing is kept, and the signature goes through.
    cache_policy_id          = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    origin_request_policy_id = "b689b0a8-53d0-40ab-baf2-68738e2966ac"

    lambda_function_association {
      event_type   = "viewer-request"
      lambda_arn   = aws_lambda_function.body_hash.qualified_arn
      include_body = true
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}

output "url" {
  description = "The URL to register with HCP Terraform."
  value       = "https://${aws_cloudfront_distribution.front.domain_name}/"
}
