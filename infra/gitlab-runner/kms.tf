# Makes a customer-managed key, if you want one: with it you decide who may decrypt, and values can be encrypted for the
# runner (`runtask runner encrypt`).

locals {
  kms_key_arn = var.kms_key == "create" ? aws_kms_key.runner[0].arn : var.kms_key
  # For statements that only a customer's key needs.
  kms_key_arns = var.kms_key == null ? [] : [local.kms_key_arn]

  # Services use a customer's key in their caller's name. Each statement is for one purpose: the context says which.
  decrypt_secret_statements = [for key in local.kms_key_arns : {
    Sid       = "DecryptSecret"
    Effect    = "Allow"
    Action    = "kms:Decrypt"
    Resource  = key
    Condition = { StringEquals = { "kms:EncryptionContext:SecretARN" = aws_secretsmanager_secret.runner.arn } }
  }]

  decrypt_tickets_statements = [for key in local.kms_key_arns : {
    Sid       = "DecryptTickets"
    Effect    = "Allow"
    Action    = "kms:Decrypt"
    Resource  = key
    Condition = { StringEquals = { "kms:EncryptionContext:aws:dynamodb:tableName" = aws_dynamodb_table.tickets.name } }
  }]

  # What `runtask runner encrypt` has encrypted for this function.
  decrypt_values_statements = [for key in local.kms_key_arns : {
    Sid       = "DecryptValues"
    Effect    = "Allow"
    Action    = "kms:Decrypt"
    Resource  = key
    Condition = { StringEquals = { "kms:EncryptionContext:function" = "${local.name}-function" } }
  }]

  decrypt_bucket_statements = [for key in(var.bucket ? local.kms_key_arns : []) : {
    Sid       = "EncryptObjects"
    Effect    = "Allow"
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = key
    Condition = { StringEquals = { "kms:EncryptionContext:aws:s3:arn" = aws_s3_bucket.runner[0].arn } }
  }]
}

resource "aws_kms_key" "runner" {
  count = var.kms_key == "create" ? 1 : 0

  description             = "Encrypts what the GitLab runner ${local.name} keeps"
  enable_key_rotation     = true
  deletion_window_in_days = 7

  # In the policy of a key, the resource "*" is the key itself.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Lets the account's own policies decide who may use the key. Without it, nobody could ever manage the key.
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "${local.account_arn}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        # CloudWatch Logs uses the key in its own name, not in its caller's.
        Sid       = "Logs"
        Effect    = "Allow"
        Principal = { Service = "logs.${data.aws_region.current.id}.amazonaws.com" }
        Action = [
          "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
          "kms:ReEncryptFrom", "kms:ReEncryptTo",
        ]
        Resource = "*"
        Condition = {
          ArnEquals = {
            "kms:EncryptionContext:aws:logs:arn" = [for name in local.log_group_names :
              "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:log-group:${name}"
            ]
          }
        }
      },
    ]
  })
}

resource "aws_kms_alias" "runner" {
  count = var.kms_key == "create" ? 1 : 0

  name          = "alias/${local.name}"
  target_key_id = aws_kms_key.runner[0].key_id
}
