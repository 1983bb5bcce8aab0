# Lets the callback handler read the secrets of channels: what [notify.NAME] in runtask.toml names as ssm:///…. Whoever
# makes these parameters is you; no Terraform has to know what is in them. And lets it put events on a bus, where a channel
# is one.

locals {
  # What the ARN of a parameter begins with, up to its name.
  parameter_prefix = "arn:${data.aws_partition.current.partition}:ssm:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:parameter"

  channel_secrets = [for name in sort(var.channel_secrets) : "${local.parameter_prefix}${name}"]

  channel_secrets_statements = [for secrets in [local.channel_secrets] : {
    Sid      = "ChannelSecrets"
    Effect   = "Allow"
    Action   = "ssm:GetParameter"
    Resource = secrets
  } if length(secrets) > 0]

  decrypt_channel_secrets_statements = [for key in [var.channel_secrets_kms_key] : {
    Sid      = "DecryptChannelSecrets"
    Effect   = "Allow"
    Action   = "kms:Decrypt"
    Resource = key
    Condition = {
      StringEquals = { "kms:EncryptionContext:PARAMETER_ARN" = local.channel_secrets }
    }
  } if key != null]

  # The bus is named as in runtask.toml: by its name, where it is in this account and region, or by its ARN.
  channel_event_bus_statements = [for bus in [var.channel_event_bus] : {
    Sid      = "ChannelEvents"
    Effect   = "Allow"
    Action   = "events:PutEvents"
    Resource = startswith(bus, "arn:") ? bus : "arn:${data.aws_partition.current.partition}:events:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:event-bus/${bus}"
  } if bus != null]
}
