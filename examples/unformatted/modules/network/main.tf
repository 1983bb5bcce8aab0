variable "name" {
  description = "Name of the network; its subnets add a number."
  type        = string
}

variable "cidr_block" {
  description = "Address range, cut into subnets eight bits longer."
  type        = string
}

data "aws_availability_zones" "available" {
  state = "available"
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr_block
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = {
      Name = var.name
  }
}

resource "aws_subnet" "private" {
  count = 2

    vpc_id            = aws_vpc.this.id
    cidr_block        = cidrsubnet(var.cidr_block, 8, count.index)
    availability_zone = data.aws_availability_zones.available.names[count.index]

    tags = {
      Name = "${var.name}-private-${count.index}"
    }
}

output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "subnet_ids" {
  description = "Its private subnets, in the order of their numbers."
  value       = aws_subnet.private[*].id
}
