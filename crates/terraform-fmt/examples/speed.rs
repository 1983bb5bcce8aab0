//! Measures the formatter alone: files in memory, one processor. Build it with `--release`.
//!
//! The first figure is a thousand files as people write them; then follow files with more and more arguments, for each of
//! which a byte should take no longer than in the one before.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a test that is run by hand: it says what it found, and ends where it cannot go on"
)]

use std::time::{Duration, Instant};
use terraform_fmt::Formatter;

/// How long each measurement repeats its work, in milliseconds.
const PATIENCE_MS: u64 = 1500;

/// About 4 KiB that are formatted already.
const MODULE: &str = r#"# The network that everything stands in.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

variable "name" {
  description = "What names of resources begin with."
  type        = string
  default     = "example"

  validation {
    condition     = length(var.name) > 0 && can(regex("^[a-z][a-z0-9-]*$", var.name))
    error_message = "Names are lower-case letters, digits and dashes."
  }
}

locals {
  zones = slice(data.aws_availability_zones.all.names, 0, 3)
  tags = merge(var.tags, {
    Name        = "${var.name}-network"
    Environment = var.environment # as accounting calls it
    Owner       = "platform"      # who is asked
  })
  subnets = { for index, zone in local.zones : zone => cidrsubnet(var.cidr, 4, index) if index < 8 }
}

resource "aws_vpc" "main" {
  cidr_block           = var.cidr
  enable_dns_hostnames = true
  enable_dns_support   = true
  tags                 = local.tags
}

resource "aws_subnet" "private" {
  for_each = local.subnets

  vpc_id                  = aws_vpc.main.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = merge(local.tags, { Tier = "private" })

  lifecycle {
    ignore_changes = [tags["kubernetes.io/cluster"]]
  }
}

resource "aws_iam_policy" "read" {
  name   = "${var.name}-read"
  policy = <<-EOT
    {
      "Version": "2012-10-17",
      "Statement": [{
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": "${aws_s3_bucket.logs.arn}/*"
      }]
    }
  EOT
}

resource "aws_security_group" "web" {
  name_prefix = "${var.name}-web-"
  description = "What the load balancer may be asked for."
  vpc_id      = aws_vpc.main.id

  dynamic "ingress" {
    for_each = toset([80, 443])
    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
    }
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

module "database" {
  source = "./database"

  name       = var.name
  subnet_ids = [for subnet in aws_subnet.private : subnet.id]
  size       = var.is_production ? "db.r6g.large" : "db.t4g.micro"
  backups    = var.is_production ? 35 : 1

  providers = {
    aws = aws.primary
  }
}

output "vpc_id" {
  description = "For whoever attaches something to the network."
  value       = aws_vpc.main.id
}
"#;

fn main() {
    let file = MODULE.repeat(4096 / MODULE.len() + 1).into_bytes();
    let files = vec![file; 1000];
    measure("1000 files, formatted", &files);
    let indented: Vec<Vec<u8>> = files.iter().map(|it| misformatted(it)).collect();
    measure("1000 files, not formatted", &indented);
    for arguments in [2_000, 8_000, 32_000] {
        let text: String = (0..arguments).map(|it| format!("argument_{it:05} = \"value {it}\"\n")).collect();
        measure(&format!("{arguments} arguments"), &[text.into_bytes()]);
    }
}

/// The same file, moved in at every line.
fn misformatted(file: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(file);
    text.lines()
        .map(|it| if it.is_empty() { "\n".to_owned() } else { format!(" {it}\n") })
        .collect::<String>()
        .into()
}

fn measure(name: &str, files: &[Vec<u8>]) {
    let bytes: usize = files.iter().map(Vec::len).sum();
    let mut formatter = Formatter::default();
    let mut best = Duration::MAX;
    let start = Instant::now();
    let mut changed = 0;
    while start.elapsed() < Duration::from_millis(PATIENCE_MS) {
        let round = Instant::now();
        changed = 0;
        for file in files {
            changed += usize::from(!formatter.format(file).expect("it is well formed").is_unchanged());
        }
        best = best.min(round.elapsed());
    }
    let seconds = best.as_secs_f64();
    let rate = bytes as f64 / seconds / 1e6;
    println!("{name}: {bytes} bytes in {:.2} ms, {rate:.0} MB/s, {changed} changed", seconds * 1e3);
}
