# Lets functions that the variable vpc puts into subnets have their network interfaces there, instead of the managed policy
# of AWS's for that, which allows more. Lambda makes the interfaces with the function's role; the second statement keeps
# the function itself from doing the same.

locals {
  network_actions = [
    "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
  ]

  # Of an interface that is not made yet, nothing is known that a statement could name.
  network_statements = { for function in ["callback-handler", "failure-handler", "approval-handler", "approval-sweep"] :
    function => [for statement in [
      { Sid = "NetworkInterfaces", Effect = "Allow", Action = local.network_actions, Resource = "*" },
      {
        Sid      = "NetworkInterfacesByLambdaAlone"
        Effect   = "Deny"
        Action   = local.network_actions
        Resource = "*"
        Condition = {
          ArnEquals = { "lambda:SourceFunctionArn" = "${local.function_prefix}${local.name}-${function}" }
        }
      },
    ] : statement if var.vpc != null]
  }

  # What the ARN of a function begins with, up to its name.
  function_prefix = "arn:${data.aws_partition.current.partition}:lambda:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:function:"
}
