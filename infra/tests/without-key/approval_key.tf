# The same for the approvals' key.

resource "aws_ssm_parameter" "approval_key" {
  count = local.with_approvals

  name             = "/${local.name}/approval-key"
  type             = "SecureString"
  key_id           = coalesce(local.kms_key_arn, "alias/aws/ssm")
  value_wo         = "no key"
  value_wo_version = var.approvals.key_version
}
