# Makes the queue of jobs that even the failure handler could not report for. Only people read it: an alarm says that
# something is in it, and docs/operations.md says what to do then.
#
# A message holds the run's access token, which HCP Terraform lets expire after ten minutes. Treat it as a secret.

resource "aws_sqs_queue" "failures" {
  name = "${local.name}-failures"
  # SQS's maximum, two weeks, so that nothing is gone after a long weekend.
  message_retention_seconds = 1209600
  # Exactly one of the two: a key that SQS owns, or the customer's.
  sqs_managed_sse_enabled = var.kms_key == null ? true : null
  kms_master_key_id       = local.kms_key_arn
}
