# What a small service has: a bucket for its logs, and a machine.
resource "aws_s3_bucket" "logs" {
  bucket_prefix = "example-logs"
}

resource "aws_instance" "web" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.micro"

  tags = {
    owner = "web"
  }
}
