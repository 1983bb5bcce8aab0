# Goes with recovery_imports.tf. Writes the next version of the HMAC key over the parameter that is there: without this,
# AWS refuses to make a parameter where there is one. The version before it is accepted for an hour, as in any rotation.

resource "aws_ssm_parameter" "hmac_key" {
  overwrite = true
}

# The same for the approvals' key. The version before it opens for a day.
resource "aws_ssm_parameter" "approval_key" {
  overwrite = true
}
