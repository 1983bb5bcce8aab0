# What the demo of the GitLab runner applies: a table, and the parameter by which others find it.

resource "aws_dynamodb_table" "orders" {
  name         = "orders"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }
}

resource "aws_ssm_parameter" "orders" {
  name  = "/example/orders/table"
  type  = "String"
  value = aws_dynamodb_table.orders.name
}

output "table" {
  value = aws_dynamodb_table.orders.name
}
