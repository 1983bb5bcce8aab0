locals {
  name = "${var.service}-${var.environment}"
}

module "network" {
  source = "./modules/network"

  name       = local.name
  cidr_block = var.cidr_block
}

resource "aws_s3_bucket" "logs" {
  bucket_prefix = "${local.name}-flow-logs-"
}

resource "aws_s3_bucket_public_access_block" "logs" {
  bucket = aws_s3_bucket.logs.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.log_retention_days
    }
  }
}

resource "aws_flow_log" "network" {
  vpc_id               = module.network.vpc_id
  traffic_type         = "REJECT"
  log_destination_type = "s3"
  log_destination      = aws_s3_bucket.logs.arn
}
