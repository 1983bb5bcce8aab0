# Makes the roles that jobs work with: one for plans, which may read, and one for applies, which jobs of protected refs
# alone get. The runner chooses by what GitLab says of a job's project and ref. Both are optional: with job_roles false there
# are none, and role_rules names others.

locals {
  # Two lines for each project: the first that fits a job counts.
  job_roles = concat(
    [for rule in var.role_rules : "${rule.project} ${rule.refs} ${rule.role_arn}"],
    flatten([for project in(var.job_roles ? var.projects : []) : [
      "${project} protected ${aws_iam_role.apply[0].arn}",
      "${project} any ${aws_iam_role.plan[0].arn}",
    ]]),
  )

  job_role_arns = concat([for rule in var.role_rules : rule.role_arn], aws_iam_role.plan[*].arn, aws_iam_role.apply[*].arn)

  # The runner alone, and only for jobs: with the external id that it gives.
  job_assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = aws_iam_role.runner.arn }
        Action    = "sts:AssumeRole"
        Condition = { StringEquals = { "sts:ExternalId" = local.name } }
      },
      {
        Effect    = "Allow"
        Principal = { AWS = aws_iam_role.runner.arn }
        Action    = "sts:TagSession"
      },
    ]
  })
}

resource "aws_iam_role" "plan" {
  count = var.job_roles ? 1 : 0

  name                 = "${local.name}-plan"
  description          = "Jobs of any ref: reads"
  assume_role_policy   = local.job_assume_role_policy
  permissions_boundary = var.job_permissions_boundary
}

resource "aws_iam_role_policy_attachment" "plan" {
  for_each = toset(var.job_roles ? var.plan_policy_arns : [])

  role       = aws_iam_role.plan[0].name
  policy_arn = each.value
}

resource "aws_iam_role" "apply" {
  count = var.job_roles ? 1 : 0

  name                 = "${local.name}-apply"
  description          = "Jobs of protected refs: changes"
  assume_role_policy   = local.job_assume_role_policy
  permissions_boundary = var.job_permissions_boundary
}

resource "aws_iam_role_policy_attachment" "apply" {
  for_each = toset(var.job_roles ? var.apply_policy_arns : [])

  role       = aws_iam_role.apply[0].name
  policy_arn = each.value
}
