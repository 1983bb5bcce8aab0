# METADATA
# title: IAM policies do not allow everything
# description: |
#   Whoever gets hold of a role that may do everything owns the account.
#
#   A statement that allows is a finding where
#
#   - it allows all actions (`*`), all actions of a service (`s3:*`), or all but some (`NotAction`), on all resources: `"Resource": "*"`, or `NotResource`;
#   - it is in the `assume_role_policy` of a role and lets everybody assume it (`"Principal": "*"`), without a condition.
#
#   So is attaching AWS' own policy `AdministratorAccess`.
#
#   What is looked at: `policy` of `aws_iam_policy`, `aws_iam_role_policy`, `aws_iam_user_policy` and `aws_iam_group_policy`; `assume_role_policy`, `inline_policy` and `managed_policy_arns` of `aws_iam_role`; `policy_arn` of `aws_iam_role_policy_attachment`, `aws_iam_user_policy_attachment`, `aws_iam_group_policy_attachment` and `aws_iam_policy_attachment`.
#   A condition does not excuse a wildcard: it has to be right for every action of it.
#
#   Only what the plan creates, replaces or updates is judged.
#   Not seen: wildcards within an action (`s3:Get*`) or a resource, several statements that allow everything only together, AWS' other managed policies, permission sets of IAM Identity Center, and policies of resources other than buckets.
# scope: package
# related_resources:
#   - ref: https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
#     description: Security best practices in IAM
#   - ref: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
#     description: IAM JSON policy elements
# custom:
#   code: iam-wildcard
#   severity: high
#   unknown: absent
#   fix: |
#     Name the actions, and the resources that they are for:
#
#     ```hcl
#     data "aws_iam_policy_document" "upload" {
#       statement {
#         actions   = ["s3:GetObject", "s3:PutObject"]
#         resources = ["${aws_s3_bucket.uploads.arn}/*"]
#       }
#     }
#     ```
#   params:
#     services: "Services all of whose actions may be allowed on all resources: a list such as `[\"cloudwatch\", \"xray\"]`. Default: none."
package runtask.rules.iam_wildcard

import rego.v1

import data.runtask.plan

deny contains finding if {
	some [r, path] in granting
	some position, statement in plan.statements(r, path)
	statement.Effect == "Allow"
	covers_all_resources(statement)
	some [what, severity] in wildcards(statement)
	finding := object.union(
		plan.finding(r, path, sprintf("IAM policy allows %s on all resources: %s (statement %d)", [what, r.address, position + 1])),
		{"severity": severity},
	)
}

deny contains finding if {
	some r in plan.touched_of("aws_iam_role")
	some position, statement in plan.statements(r, ["assume_role_policy"])
	plan.allows_everyone(statement)
	finding := object.union(
		plan.finding(r, ["assume_role_policy"], sprintf("IAM role can be assumed by everyone: %s (statement %d)", [r.address, position + 1])),
		{"severity": "critical"},
	)
}

deny contains finding if {
	some [r, path] in attaching
	is_administrator(plan.value(r, path, ""))
	finding := object.union(
		plan.finding(r, path, sprintf("AdministratorAccess is attached: %s", [r.address])),
		{"severity": "critical"},
	)
}

deny contains finding if {
	some [r, path] in array.concat(granting, trusting)
	r.change.after_unknown[path[0]]
	plan.is_undecided(r, path)
	finding := plan.unknown_finding(r, path, "the IAM policy allows too much")
}

# The ARN of a policy that the same plan creates is unknown, too, and never AWS' own: an unknown attachment is no finding.

# A rule that is set up wrong must not look like one that passed.
deny contains finding if some finding in plan.wrong_params("iam-wildcard", {"services": "texts"})

# Where documents that allow something are: resource and path.
granting := array.concat(
	[[r, ["policy"]] |
		some type in ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy"]
		some r in plan.touched_of(type)
	],
	[[r, ["inline_policy", position, "policy"]] |
		some r in plan.touched_of("aws_iam_role")
		some position, _ in plan.list(plan.value(r, ["inline_policy"], []))
	],
)

trusting := [[r, ["assume_role_policy"]] | some r in plan.touched_of("aws_iam_role")]

# Where ARNs of policies are.
attaching := array.concat(
	[[r, ["policy_arn"]] |
		some type in ["aws_iam_role_policy_attachment", "aws_iam_user_policy_attachment", "aws_iam_group_policy_attachment", "aws_iam_policy_attachment"]
		some r in plan.touched_of(type)
	],
	[[r, ["managed_policy_arns", position]] |
		some r in plan.touched_of("aws_iam_role")
		some position, _ in plan.list(plan.value(r, ["managed_policy_arns"], []))
	],
)

covers_all_resources(statement) if statement.Resource == "*"

covers_all_resources(statement) if "*" in statement.Resource

covers_all_resources(statement) if statement.NotResource != null

# What a statement allows all of, and how bad that is.
wildcards(statement) := {[what, severity] |
	some action in plan.one_or_many(object.get(statement, "Action", []))
	is_string(action)
	regex.match(`^([A-Za-z0-9-]+:)?[*]+$|^[*]:[*]$`, action)
	not is_excepted(action)
	[what, severity] := described(action)
} | {["all actions but some", "critical"] |
	object.get(statement, "NotAction", null) != null
}

described(action) := [action, "high"] if regex.match(`^[A-Za-z0-9-]+:`, action)

else := ["all actions", "critical"]

is_excepted(action) if {
	some service in plan.list(object.get(plan.params("iam-wildcard"), "services", []))
	is_string(service)
	startswith(lower(action), concat("", [lower(service), ":"]))
}

is_administrator(arn) if {
	is_string(arn)
	regex.match(`^arn:aws[a-z-]*:iam::aws:policy/AdministratorAccess$`, arn)
}
