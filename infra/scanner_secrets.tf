# Gives scanners the secrets that they need, by the names of their variables. The callback handler reads them when it starts:
# what is in Terraform's state and in the function's environment are names of parameters. Whoever makes these parameters is
# you; no Terraform has to know what is in them.

locals {
  scanner_secrets = [for name in distinct(sort(values(var.scanner_secrets))) : "${local.parameter_prefix}${name}"]

  scanner_secrets_environment = length(var.scanner_secrets) == 0 ? {} : {
    RUNTASK_SCANNER_SECRETS = join(",", [for variable, name in var.scanner_secrets : "${variable}=ssm://${name}"])
  }

  scanner_secrets_statements = [for secrets in [local.scanner_secrets] : {
    Sid      = "ScannerSecrets"
    Effect   = "Allow"
    Action   = "ssm:GetParameter"
    Resource = secrets
  } if length(secrets) > 0]

  decrypt_scanner_secrets_statements = [for key in [var.scanner_secrets_kms_key] : {
    Sid      = "DecryptScannerSecrets"
    Effect   = "Allow"
    Action   = "kms:Decrypt"
    Resource = key
    Condition = {
      StringEquals = { "kms:EncryptionContext:PARAMETER_ARN" = local.scanner_secrets }
    }
  } if key != null]
}
