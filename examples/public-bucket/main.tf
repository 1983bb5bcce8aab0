# A website in a bucket that everybody can read: what the rule public-s3-bucket is there to stop.
resource "aws_s3_bucket" "site" {
  bucket        = "example-site"
  force_destroy = true
}

resource "aws_s3_bucket_ownership_controls" "site" {
  bucket = aws_s3_bucket.site.id

  rule {
    object_ownership = "BucketOwnerPreferred"
  }
}

resource "aws_s3_bucket_acl" "site" {
  bucket = aws_s3_bucket.site.id
  acl    = "public-read"

  depends_on = [aws_s3_bucket_ownership_controls.site]
}

# Its logs are nobody's business: no rule has anything to say.
resource "aws_s3_bucket" "logs" {
  bucket = "example-site-logs"
}

resource "aws_s3_bucket_public_access_block" "logs" {
  bucket = aws_s3_bucket.logs.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
