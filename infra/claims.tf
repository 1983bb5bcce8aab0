# Makes the table of claims, which lets one function work on a task result when several are given it.
# It holds ids of task results and times; and, where channels know a message that they have had, what they are to be told,
# until they were: names, counts and the first lines of errors. It holds no secrets, and nothing for longer than 70 minutes
# plus the time that DynamoDB takes to delete expired items.

resource "aws_dynamodb_table" "claims" {
  region = var.region
  tags   = local.tags

  name         = "${local.name}-claims"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  # Without the block, the table is encrypted with a key that DynamoDB owns.
  dynamic "server_side_encryption" {
    for_each = local.kms_key_arns
    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }
}

# For the callback handler and the failure handler. Every call of theirs is one conditional update; they never read.
locals {
  claims_statement = {
    Sid      = "Claims"
    Effect   = "Allow"
    Action   = "dynamodb:UpdateItem"
    Resource = aws_dynamodb_table.claims.arn
  }

  # DynamoDB uses a customer's key in its caller's name.
  decrypt_claims_statements = [for key in local.kms_key_arns : {
    Sid      = "DecryptClaims"
    Effect   = "Allow"
    Action   = "kms:Decrypt"
    Resource = key
    Condition = {
      StringEquals = { "kms:EncryptionContext:aws:dynamodb:tableName" = aws_dynamodb_table.claims.name }
    }
  }]
}
