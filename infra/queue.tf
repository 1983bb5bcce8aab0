# Makes the queue of jobs that even the failure handler could not report for. Only people read it: an alarm says that
# something is in it, and docs/operations.md says what to do then.
#
# A message holds the run's access token, which HCP Terraform lets expire after ten minutes. Treat it as a secret.

locals {
  # Known before the queue is there, whose making takes the provider half a minute: the functions need not wait for it.
  queue_arn = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:${local.own_name}-failures"
}

resource "aws_sqs_queue" "failures" {
  region = var.region
  tags   = local.tags

  name = "${local.own_name}-failures"
  # A day, because of the tokens. The failure handler's log names the jobs for as long as logs are kept.
  message_retention_seconds = 86400
  # Exactly one of the two: a key that SQS owns, or the customer's.
  sqs_managed_sse_enabled = var.kms_key == null ? true : null
  kms_master_key_id       = local.kms_key_arn

  # Refuses plain HTTP. Who may send and read is in the policies of their own roles. It stands here and not in a resource of
  # its own, for which the provider would wait another 25 seconds until SQS says the same everywhere.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EncryptedConnections"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = local.queue_arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
