# Makes the table of approvals: who was asked about which run, what was answered, and, for as long as the variable says,
# the audit log. It holds names of people and the reasons that they gave. A run's token is in it sealed, with a key that
# the table does not have (approval_key.tf), and gone once the verdict is delivered.
#
# It is not the table of claims: it is kept longer, put back to an earlier state where something went wrong, and other
# functions may use it.

resource "aws_dynamodb_table" "approvals" {
  count = local.with_approvals

  region = var.region
  tags   = local.tags

  name         = "${local.name}-approvals"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  attribute {
    name = "pending"
    type = "S"
  }

  attribute {
    name = "due_at"
    type = "N"
  }

  # What is to be done, and since when. An item has the two attributes while something is left, and so is in the index.
  global_secondary_index {
    name               = "due"
    hash_key           = "pending"
    range_key          = "due_at"
    projection_type    = "INCLUDE"
    non_key_attributes = ["expires_ms"]
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
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

# Who may do what with it. Nobody may delete, and nobody but the sweep may look for what is there.
locals {
  # The callback handler asks. Where there is an approval already, its condition leaves it as it is.
  ask_statements = [for table in aws_dynamodb_table.approvals : {
    Sid      = "Ask"
    Effect   = "Allow"
    Action   = "dynamodb:PutItem"
    Resource = table.arn
  }]

  # The approval handler and the sweep move approvals that they know by name, and add lines to the audit log.
  approvals_statements = [for table in aws_dynamodb_table.approvals : {
    Sid      = "Approvals"
    Effect   = "Allow"
    Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    Resource = table.arn
  }]

  due_statements = [for table in aws_dynamodb_table.approvals : {
    Sid      = "Due"
    Effect   = "Allow"
    Action   = "dynamodb:Query"
    Resource = "${table.arn}/index/due"
  }]

  # DynamoDB uses a customer's key in its caller's name.
  decrypt_approvals_statements = [for pair in setproduct(local.kms_key_arns, aws_dynamodb_table.approvals[*].name) : {
    Sid      = "DecryptApprovals"
    Effect   = "Allow"
    Action   = "kms:Decrypt"
    Resource = pair[0]
    Condition = {
      StringEquals = { "kms:EncryptionContext:aws:dynamodb:tableName" = pair[1] }
    }
  }]
}
