# The queue of jobs for which even the failure handler could not report. Nobody reads it but people: an alarm says that
# something is in it, docs/operations.md what to do then.
#
# A message holds the run's access token, which HCP Terraform lets expire after ten minutes. Treat it as a secret.

resource "aws_sqs_queue" "failures" {
  name = "${var.name}-failures"
  # SQS's maximum, two weeks, so that nothing is gone after a long weekend.
  message_retention_seconds = 1209600
  # Exactly one of the two: a key that SQS owns, or the customer's.
  sqs_managed_sse_enabled = var.kms_key == null ? true : null
  kms_master_key_id       = local.kms_key_arn
}
