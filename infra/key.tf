# The HMAC key, which HCP Terraform signs requests with: made here, and known to two parties only, Parameter Store and
# HCP Terraform.
#
# It is ephemeral and written through a write-only argument, so it is in no state, no plan and no variable. Every run of
# Terraform makes a password and throws it away; it is written when hmac_key_version changes, and only then.
# Parameter Store keeps the versions before, and the request handler accepts the last of them for an hour.

ephemeral "aws_secretsmanager_random_password" "hmac_key" {
  password_length = 64
  # Letters and digits alone carry more than 380 bits, and survive every shell and form.
  exclude_punctuation = true
}

resource "aws_ssm_parameter" "hmac_key" {
  name             = "/${var.name}/hmac-key"
  description      = "HMAC key that HCP Terraform signs requests to the run task with"
  type             = "SecureString"
  key_id           = local.kms_key_arn
  value_wo         = ephemeral.aws_secretsmanager_random_password.hmac_key.random_password
  value_wo_version = var.hmac_key_version
}
