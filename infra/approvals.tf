# Holds what the functions of approvals share. Nothing of them exists while the variable approvals is unset: the files
# approval_….tf make it, and `make package APPROVALS=1` its zips, a callback handler that can ask among them.

locals {
  with_approvals = var.approvals == null ? 0 : 1

  # How people reach the pages. Links in messages lead there.
  approvals_url = (
    var.approvals == null ? null :
    var.approvals.public_url != null ? trimsuffix(var.approvals.public_url, "/") :
    trimsuffix(aws_lambda_function_url.approval_handler[0].function_url, "/")
  )

  # What the approval handler and the sweep are told. Of the settings of those who check runs, they have those about how
  # HCP Terraform and others are reached.
  approvals_environment = var.approvals == null ? {} : merge(
    { for name, value in var.settings : name => value if contains(local.reaching_settings, name) },
    {
      RUNTASK_APPROVALS_AUDIT_DAYS = var.approvals.audit_days
      RUNTASK_APPROVALS_KEY_PARAM  = aws_ssm_parameter.approval_key[0].name
      RUNTASK_APPROVALS_TABLE      = aws_dynamodb_table.approvals[0].name
      RUNTASK_METRICS_NAMESPACE    = local.name
    },
    local.config_environment,
    local.origins_environment,
  )

  reaching_settings = ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "RUNTASK_CA_BUNDLE", "RUNTASK_HTTP_TIMEOUT_MS"]

  # What the callback handler is told besides its own settings: where it keeps what it asks, and whom it calls then.
  ask_environment = var.approvals == null ? {} : {
    RUNTASK_APPROVALS_KEY_PARAM = aws_ssm_parameter.approval_key[0].name
    RUNTASK_APPROVALS_SWEEP     = aws_lambda_function.approval_sweep[0].arn
    RUNTASK_APPROVALS_TABLE     = aws_dynamodb_table.approvals[0].name
  }
}

# Who may read which secret.
locals {
  approval_key_statements = [for parameter in aws_ssm_parameter.approval_key : {
    Sid      = "ApprovalKey"
    Effect   = "Allow"
    Action   = "ssm:GetParameter"
    Resource = parameter.arn
  }]

  # Every reader of a parameter may use AWS's own key for parameters.
  decrypt_approval_key_statements = [for pair in setproduct(local.kms_key_arns, aws_ssm_parameter.approval_key[*].arn) : {
    Sid      = "DecryptApprovalKey"
    Effect   = "Allow"
    Action   = "kms:Decrypt"
    Resource = pair[0]
    Condition = {
      StringEquals = { "kms:EncryptionContext:PARAMETER_ARN" = pair[1] }
    }
  }]

  approval_secrets = [for name in sort(try(var.approvals.secrets, [])) : "${local.parameter_prefix}${name}"]

  approval_secrets_statements = [for secrets in [local.approval_secrets] : {
    Sid      = "ApprovalSecrets"
    Effect   = "Allow"
    Action   = "ssm:GetParameter"
    Resource = secrets
  } if length(secrets) > 0]

  decrypt_approval_secrets_statements = [for key in [try(var.approvals.secrets_kms_key, null)] : {
    Sid      = "DecryptApprovalSecrets"
    Effect   = "Allow"
    Action   = "kms:Decrypt"
    Resource = key
    Condition = {
      StringEquals = { "kms:EncryptionContext:PARAMETER_ARN" = local.approval_secrets }
    }
  } if key != null]

  # The callback handler asks, seals the run's token, and has the sweep send the question at once.
  ask_rights = concat(
    local.ask_statements,
    local.decrypt_approvals_statements,
    local.approval_key_statements,
    local.decrypt_approval_key_statements,
    [for sweep in aws_lambda_function.approval_sweep : {
      Sid      = "SendTheQuestion"
      Effect   = "Allow"
      Action   = "lambda:InvokeFunction"
      Resource = sweep.arn
    }],
  )
}
