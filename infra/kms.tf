# Makes a customer-managed key, if you want one: with it you decide who may decrypt, and can take that right away.

locals {
  kms_key_arn = var.kms_key == "create" ? aws_kms_key.runtask[0].arn : var.kms_key
  # For statements and blocks that only a customer's key needs.
  kms_key_arns = var.kms_key == null ? [] : [local.kms_key_arn]
}

resource "aws_kms_key" "runtask" {
  count = var.kms_key == "create" ? 1 : 0

  region = var.region
  tags   = local.tags

  description             = "Encrypts what the run task ${local.name} keeps"
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
        Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root" }
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

resource "aws_kms_alias" "runtask" {
  count = var.kms_key == "create" ? 1 : 0

  region = var.region

  name          = "alias/${local.name}"
  target_key_id = aws_kms_key.runtask[0].key_id
}
