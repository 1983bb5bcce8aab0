# Makes the bucket for caches and for states that Terraform could not store, if you want one. Whoever can write to a cache
# can put something into later jobs of its project; a state holds secrets.

resource "aws_s3_bucket" "runner" {
  #checkov:skip=CKV_AWS_18:Caches and lost states are read by jobs and by a few people; CloudTrail can log that where it matters
  #checkov:skip=CKV_AWS_144:A cache can be made again, and a lost state is looked at within days
  #checkov:skip=CKV2_AWS_62:Nobody waits for an object
  count = var.bucket ? 1 : 0

  bucket_prefix = "${substr(local.name, 0, 36)}-"
}

resource "aws_s3_bucket_public_access_block" "runner" {
  count = var.bucket ? 1 : 0

  bucket                  = aws_s3_bucket.runner[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "runner" {
  count = var.bucket ? 1 : 0

  bucket = aws_s3_bucket.runner[0].id

  rule {
    bucket_key_enabled = local.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = local.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = local.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_versioning" "runner" {
  count = var.bucket ? 1 : 0

  bucket = aws_s3_bucket.runner[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "runner" {
  count = var.bucket ? 1 : 0

  bucket = aws_s3_bucket.runner[0].id

  rule {
    id     = "caches"
    status = "Enabled"

    filter {
      prefix = "cache/"
    }

    expiration {
      days = var.cache_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }
  }

  rule {
    id     = "uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.runner]
}

# Refuses plain HTTP.
resource "aws_s3_bucket_policy" "runner" {
  count = var.bucket ? 1 : 0

  bucket = aws_s3_bucket.runner[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EncryptedConnections"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.runner[0].arn, "${aws_s3_bucket.runner[0].arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.runner]
}

locals {
  bucket_environment = merge([for bucket in aws_s3_bucket.runner[*].id : {
    RUNNER_CACHE_S3_URI  = "s3://${bucket}/cache"
    RUNNER_RESCUE_S3_URI = "s3://${bucket}/states"
  }]...)

  bucket_statements = flatten([for arn in aws_s3_bucket.runner[*].arn : [
    {
      Sid      = "Caches"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = "${arn}/cache/*"
    },
    {
      # Written and never read: people do that.
      Sid      = "States"
      Effect   = "Allow"
      Action   = ["s3:PutObject"]
      Resource = "${arn}/states/*"
    },
    {
      # Without it, S3 answers that a cache which is not there is forbidden.
      Sid      = "MissingCaches"
      Effect   = "Allow"
      Action   = ["s3:ListBucket"]
      Resource = arn
    },
  ]])
}
