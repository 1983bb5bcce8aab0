output "vpc_id" {
  description = "The network, for services that live in it."
  value       = module.network.vpc_id
}

output "subnet_ids" {
  description = "Private subnets, one per availability zone."
  value       = module.network.subnet_ids
}

output "log_bucket" {
  description = "Where flow logs are kept."
  value       = aws_s3_bucket.logs.bucket
}
