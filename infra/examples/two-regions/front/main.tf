# The name in one region: an HTTP API that answers to it and hands every request to the request handler as it came. A
# function URL answers to its own name only, so Route 53 cannot lead to it.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "name" {
  description = "Name of the deployment."
  type        = string
}

variable "domain_name" {
  description = "The name that HCP Terraform calls."
  type        = string
}

variable "certificate_arn" {
  description = "Its certificate in this region."
  type        = string
}

variable "function_name" {
  description = "Name of the request handler."
  type        = string
}

variable "function_arn" {
  description = "ARN of the request handler."
  type        = string
}

resource "aws_apigatewayv2_api" "front" {
  name          = var.name
  description   = "Hands requests of HCP Terraform to ${var.function_name}"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "front" {
  api_id                 = aws_apigatewayv2_api.front.id
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = var.function_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "front" {
  #checkov:skip=CKV_AWS_309:HCP Terraform does not sign in AWS's way; the request handler verifies its signature
  api_id    = aws_apigatewayv2_api.front.id
  route_key = "$default"
  target    = "integrations/${aws_apigatewayv2_integration.front.id}"
}

resource "aws_apigatewayv2_stage" "front" {
  #checkov:skip=CKV_AWS_76:The request handler logs each request
  api_id      = aws_apigatewayv2_api.front.id
  name        = "$default"
  auto_deploy = true

  # What a flood may cost; HCP Terraform sends again what was refused with 429.
  default_route_settings {
    throttling_rate_limit  = 50
    throttling_burst_limit = 100
  }
}

resource "aws_apigatewayv2_domain_name" "front" {
  domain_name = var.domain_name

  domain_name_configuration {
    certificate_arn = var.certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "front" {
  api_id      = aws_apigatewayv2_api.front.id
  domain_name = aws_apigatewayv2_domain_name.front.id
  stage       = aws_apigatewayv2_stage.front.id
}

resource "aws_lambda_permission" "front" {
  statement_id  = "Front"
  function_name = var.function_name
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.front.execution_arn}/*"
}

output "own_host" {
  description = "The host that is this region's alone."
  value       = trimprefix(aws_apigatewayv2_api.front.api_endpoint, "https://")
}

output "target_domain_name" {
  description = "What the name leads to in this region."
  value       = aws_apigatewayv2_domain_name.front.domain_name_configuration[0].target_domain_name
}

output "target_zone_id" {
  description = "The zone of that."
  value       = aws_apigatewayv2_domain_name.front.domain_name_configuration[0].hosted_zone_id
}
