# Makes the table of tickets: what is being run by whom, so that somebody else can end a job whose function has died.
# A ticket holds the job's token, encrypted with a key that is made from the runner's token; it is there while the job runs.

resource "aws_dynamodb_table" "tickets" {
  name         = "${local.name}-tickets"
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

  # Finds the tickets that there are.
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

  # Without the block, the table is encrypted with a key that DynamoDB owns.
  dynamic "server_side_encryption" {
    for_each = local.kms_key_arns
    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }
}

locals {
  # For the runner, which writes tickets.
  ticket_statements = concat(local.end_ticket_statements, [{
    Sid      = "WriteTickets"
    Effect   = "Allow"
    Action   = "dynamodb:PutItem"
    Resource = aws_dynamodb_table.tickets.arn
  }])

  # For both functions, which end those of the dead.
  end_ticket_statements = [
    {
      Sid      = "EndTickets"
      Effect   = "Allow"
      Action   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"]
      Resource = aws_dynamodb_table.tickets.arn
    },
    {
      Sid      = "FindTickets"
      Effect   = "Allow"
      Action   = "dynamodb:Query"
      Resource = "${aws_dynamodb_table.tickets.arn}/index/due"
    },
  ]
}
