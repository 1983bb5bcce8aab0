# Makes the HMAC key, with which HCP Terraform signs requests. Only Parameter Store and HCP Terraform hold it.
#
# It is ephemeral, as the variable hmac_key is that may bring another, and written through a write-only argument, so it is in no state, no plan and no variable. Every run of
# Terraform makes a password and throws it away; it is written when hmac_key_version changes, and only then.
# Parameter Store keeps earlier versions, and the request handler accepts the last of them for an hour.

ephemeral "aws_secretsmanager_random_password" "hmac_key" {
  password_length = 64
  # Letters and digits alone carry more than 380 bits, and survive every shell and form.
  exclude_punctuation = true
}

# When another argument changes and value_wo_version does not, the provider writes an empty value, which Parameter Store
# refuses (seen with 5.100). So there is no description here to be changed one day, and a change of kms_key needs a
# higher hmac_key_version as well.
resource "aws_ssm_parameter" "hmac_key" {
  region = var.region
  tags   = local.tags

  name = "/${local.name}/hmac-key"
  type = "SecureString"
  # AWS's own key is named, because without a name the parameter would keep the customer's key that it had.
  key_id           = coalesce(local.kms_key_arn, "alias/aws/ssm")
  value_wo         = coalesce(var.hmac_key, ephemeral.aws_secretsmanager_random_password.hmac_key.random_password)
  value_wo_version = var.hmac_key_version
}
