# infra/ as it is, but for key.tf: Terraform's mocked providers know no ephemeral resources (as of 1.11), and open them
# even where their module is overridden. The other files are links to infra/'s own; the zips are found from here.
# How the key itself is made is tested where there is something that makes it: by a real apply.

resource "aws_ssm_parameter" "hmac_key" {
  name             = "/${var.name}/hmac-key"
  type             = "SecureString"
  key_id           = local.kms_key_arn
  value_wo         = "no key"
  value_wo_version = var.hmac_key_version
}
