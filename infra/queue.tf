# Makes the queue of jobs that even the failure handler could not report for. Only people read it: an alarm says that
# something is in it, and docs/operations.md says what to do then.
#
# A message holds the run's access token, which HCP Terraform lets expire after ten minutes. Treat it as a secret.

resource "aws_sqs_queue" "failures" {
  region = var.region
  tags   = local.tags

  name = "${local.own_name}-failures"
  # A day, because of the tokens. The failure handler's log names the jobs for as long as logs are kept.
  message_retention_seconds = 86400
  # Exactly one of the two: a key that SQS owns, or the customer's.
  sqs_managed_sse_enabled = var.kms_key == null ? true : null
  kms_master_key_id       = local.kms_key_arn
}

# Refuses plain HTTP. Who may send and read is in the policies of their own roles.
resource "aws_sqs_queue_policy" "failures" {
  region = var.region

  queue_url = aws_sqs_queue.failures.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EncryptedConnections"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = aws_sqs_queue.failures.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
