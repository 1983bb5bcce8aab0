# The firewall. What it lets through, the request handler still verifies: it saves the function's time, and proves nothing.

locals {
  # In order. Bodies hold names and messages that people write, so rules about bodies count and do not block: a commit
  # message about <script> must not stop a run.
  managed_rules = {
    AWSManagedRulesAmazonIpReputationList = { priority = 3, counted = [] }
    AWSManagedRulesKnownBadInputsRuleSet  = { priority = 4, counted = ["JavaDeserializationRCE_BODY", "Log4JRCE_BODY"] }
    AWSManagedRulesCommonRuleSet = {
      priority = 5
      counted  = ["CrossSiteScripting_BODY", "EC2MetaDataSSRF_BODY", "GenericLFI_BODY", "GenericRFI_BODY", "SizeRestrictions_BODY"]
    }
  }
}

resource "aws_wafv2_web_acl" "front" {
  #checkov:skip=CKV_AWS_192:It has AWSManagedRulesKnownBadInputsRuleSet, by for_each
  provider = aws.edge

  name        = local.name
  description = "In front of the run task ${local.name}"
  scope       = "CLOUDFRONT"

  default_action {
    allow {}
  }

  rule {
    name     = "rate"
    priority = 1

    action {
      block {}
    }

    statement {
      rate_based_statement {
        limit              = var.requests_per_address
        aggregate_key_type = "IP"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${local.name}-rate"
      sampled_requests_enabled   = false
    }
  }

  # A request of HCP Terraform's has some thousand bytes. WAF looks at 16384 of a body; of a larger one, the rule takes it
  # that it is too large.
  rule {
    name     = "body-size"
    priority = 2

    action {
      block {}
    }

    statement {
      size_constraint_statement {
        comparison_operator = "GT"
        size                = 16384

        field_to_match {
          body {
            oversize_handling = "MATCH"
          }
        }

        text_transformation {
          priority = 0
          type     = "NONE"
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${local.name}-body-size"
      sampled_requests_enabled   = false
    }
  }

  dynamic "rule" {
    for_each = local.managed_rules
    content {
      name     = rule.key
      priority = rule.value.priority

      override_action {
        none {}
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.key

          dynamic "rule_action_override" {
            for_each = rule.value.counted
            content {
              name = rule_action_override.value
              action_to_use {
                count {}
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${local.name}-${rule.key}"
        sampled_requests_enabled   = false
      }
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = local.name
    # Samples show headers, the signature among them.
    sampled_requests_enabled = false
  }
}

# WAF wants this beginning of the name.
resource "aws_cloudwatch_log_group" "firewall" {
  #checkov:skip=CKV_AWS_158:Signatures are not in it, and it is encrypted with a key of AWS's
  provider = aws.edge

  name              = "aws-waf-logs-${local.name}"
  retention_in_days = var.log_retention_days
}

# Whoever reads logs must not find signatures in them: with the body, one is as good as a request.
resource "aws_wafv2_web_acl_logging_configuration" "firewall" {
  provider = aws.edge

  resource_arn            = aws_wafv2_web_acl.front.arn
  log_destination_configs = [aws_cloudwatch_log_group.firewall.arn]

  redacted_fields {
    single_header {
      name = "x-tfc-task-signature"
    }
  }
}
