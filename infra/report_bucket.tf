# Makes the bucket with the pages of results, if the variable reports asks for them. Pages are found by whoever has the
# link, through the report handler; of the bucket itself nobody gets anything. Objects are named by the hash of what is
# in the link, so no list of them, and no log of who read them, gives a link. To withdraw a page, delete its objects.

locals {
  with_reports = var.reports == null ? 0 : 1

  # What the callback handler is told, and what it may: write pages, and read nothing.
  reports_environment = var.reports == null ? {} : {
    BASE_PUBLIC_URL     = local.reports_url
    RUNTASK_REPORTS     = "s3://${aws_s3_bucket.reports[0].bucket}"
    RUNTASK_REPORT_DAYS = var.reports.days
  }

  keep_reports_statements = [for bucket in aws_s3_bucket.reports : {
    Sid      = "KeepReports"
    Effect   = "Allow"
    Action   = "s3:PutObject"
    Resource = "${bucket.arn}/reports/*"
  }]

  encrypt_reports_statements = [for pair in setproduct(local.kms_key_arns, aws_s3_bucket.reports[*].arn) : {
    Sid      = "EncryptReports"
    Effect   = "Allow"
    Action   = "kms:GenerateDataKey"
    Resource = pair[0]
    Condition = {
      StringEquals = { "kms:EncryptionContext:aws:s3:arn" = pair[1] }
    }
  }]
}

resource "aws_s3_bucket" "reports" {
  count = local.with_reports

  region = var.region
  tags   = local.tags

  bucket = "${local.name}-reports-${data.aws_caller_identity.current.account_id}"
  # Pages are copies of what HCP Terraform has, and gone after some days anyway: they keep nobody from a destroy.
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "reports" {
  count = local.with_reports

  region = var.region

  bucket                  = aws_s3_bucket.reports[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "reports" {
  count = local.with_reports

  region = var.region

  bucket = aws_s3_bucket.reports[0].id

  rule {
    # The key is asked for the bucket, and not for each page.
    bucket_key_enabled = var.kms_key != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key == null ? "AES256" : "aws:kms"
      kms_master_key_id = local.kms_key_arn
    }
  }
}

# S3 deletes within a day or two of this; the report handler shows nothing older from the hour on.
resource "aws_s3_bucket_lifecycle_configuration" "reports" {
  count = local.with_reports

  region = var.region

  bucket = aws_s3_bucket.reports[0].id

  rule {
    id     = "reports"
    status = "Enabled"

    # Everything.
    filter {}

    expiration {
      days = var.reports.days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

# Refuses plain HTTP. Who may read and write is in the policies of their own roles.
resource "aws_s3_bucket_policy" "reports" {
  count = local.with_reports

  region = var.region

  bucket = aws_s3_bucket.reports[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EncryptedConnections"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.reports[0].arn, "${aws_s3_bucket.reports[0].arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.reports]
}
