# Makes the approvals' key. Links, sessions and forms are marked with keys that are made of it, and runs' tokens sealed.
# Only Parameter Store holds it, and the functions while they run.
#
# It is made and written as the HMAC key is (key.tf), when approvals.key_version changes. The version before it still
# opens for a day, so that nobody's link ends with it.

ephemeral "aws_secretsmanager_random_password" "approval_key" {
  count = local.with_approvals

  # 32 bytes, as hexadecimal digits: 0 to 9, and of the letters a to f.
  password_length     = 64
  exclude_characters  = "ghijklmnopqrstuvwxyz"
  exclude_uppercase   = true
  exclude_punctuation = true
}

resource "aws_ssm_parameter" "approval_key" {
  count = local.with_approvals

  region = var.region
  tags   = local.tags

  name             = "/${local.name}/approval-key"
  type             = "SecureString"
  key_id           = coalesce(local.kms_key_arn, "alias/aws/ssm")
  value_wo         = ephemeral.aws_secretsmanager_random_password.approval_key[0].random_password
  value_wo_version = var.approvals.key_version
}
