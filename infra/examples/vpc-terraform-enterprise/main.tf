# For a Terraform Enterprise in a private network: the functions that call it are in its subnets, and reach AWS through
# endpoints, without a way to the Internet.

variable "vpc_id" {
  description = "The network in which Terraform Enterprise is reached."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of it, best in two availability zones."
  type        = list(string)
}

variable "route_table_ids" {
  description = "Their route tables, which get a way to DynamoDB and S3."
  type        = list(string)
}

variable "terraform_enterprise" {
  description = "Its origin, as a run's requests name it."
  type        = string
  default     = "https://tfe.example.com"
}

variable "certificates_layer" {
  description = "ARN of a layer with the certificate of your own CA at /opt/ca.pem, if Terraform Enterprise has one of those."
  type        = string
  default     = null
}

data "aws_region" "current" {}

resource "aws_security_group" "functions" {
  name        = "runtask-tfe"
  description = "The functions of the run task: out on 443, in nothing"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.functions.id
  description       = "Terraform Enterprise, and the endpoints"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

# Claims are in DynamoDB; configurations and plans come from Terraform Enterprise itself. Both endpoints cost nothing.
resource "aws_vpc_endpoint" "gateway" {
  for_each = toset(["dynamodb", "s3"])

  vpc_id            = var.vpc_id
  service_name      = "com.amazonaws.${data.aws_region.current.id}.${each.key}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = var.route_table_ids
}

module "run_task" {
  source = "../.."

  name            = "runtask-tfe"
  allowed_origins = [var.terraform_enterprise]

  vpc = {
    subnet_ids         = var.subnet_ids
    security_group_ids = [aws_security_group.functions.id]
  }

  additional_layers = var.certificates_layer[*]
  settings          = var.certificates_layer == null ? {} : { RUNTASK_CA_BUNDLE = "/opt/ca.pem" }
}

output "url" {
  description = "The URL to register with Terraform Enterprise, which has to reach it."
  value       = module.run_task.url
}
