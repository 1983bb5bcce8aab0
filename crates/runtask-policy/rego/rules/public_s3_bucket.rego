# METADATA
# title: S3 buckets are not public
# description: |
#   Nobody outside your AWS accounts should read or write a bucket because of how it was declared.
#
#   What is looked at:
#
#   - `acl` of `aws_s3_bucket` and `aws_s3_bucket_acl`: `public-read` and `public-read-write`, and `authenticated-read`, which means everybody who has an AWS account, anybody's.
#   - `grant` of `aws_s3_bucket` and `access_control_policy` of `aws_s3_bucket_acl`: grants to the groups `AllUsers` and `AuthenticatedUsers`.
#   - `policy` of `aws_s3_bucket_policy` and `aws_s3_bucket`: a statement that allows something to everybody (`"Principal": "*"`) without a condition.
#   - `aws_s3_bucket_public_access_block` and `aws_s3_account_public_access_block`: all four settings must be true. Those that are left out are false.
#
#   A public ACL is a finding even where a public access block of the same bucket would make it powerless: what should be private should not say that it is public, and AWS refuses such an ACL where `block_public_acls` is on.
#
#   Only what the plan creates, replaces or updates is judged; a bucket that it leaves alone is not.
#   Not seen: buckets without a public access block (AWS blocks public access to new buckets unless told otherwise), access points, ACLs of objects, and whether a condition of a policy is a strict one.
# scope: package
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
#     description: Blocking public access to your Amazon S3 storage
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
#     description: Access control list overview
# custom:
#   code: public-s3-bucket
#   severity: high
#   unknown: absent
#   fix: |
#     Take the public ACL, grant or statement away, and block public access for good:
#
#     ```hcl
#     resource "aws_s3_bucket_public_access_block" "site" {
#       bucket                  = aws_s3_bucket.site.id
#       block_public_acls       = true
#       block_public_policy     = true
#       ignore_public_acls      = true
#       restrict_public_buckets = true
#     }
#     ```
#
#     For a website, keep the bucket private and put CloudFront with an origin access control before it.
package runtask.rules.public_s3_bucket

import rego.v1

import data.runtask.plan

deny contains finding if {
	some r in array.concat(buckets, acls)
	r.change.after.acl in public_acls
	finding := public(r, ["acl"])
}

deny contains finding if {
	some r in array.concat(buckets, acls)
	r.change.after_unknown.acl == true
	not plan.is_unset(r, ["acl"])
	finding := undecided(r, ["acl"])
}

deny contains finding if {
	some [r, path, grantee] in grantees
	is_public_group(plan.value(r, array.concat(grantee, ["uri"]), ""))
	finding := public(r, path)
}

# A grantee that is a user has an unknown id, not an unknown group.
deny contains finding if {
	some [r, path, grantee] in grantees
	plan.is_unknown(r, array.concat(grantee, ["uri"]))
	finding := undecided(r, path)
}

deny contains finding if {
	some r in array.concat(buckets, policies)
	r.change.after.policy != ""
	some position, statement in plan.statements(r, ["policy"])
	plan.allows_everyone(statement)
	finding := plan.finding(r, ["policy"], sprintf("Public S3 bucket: %s (statement %d of its policy allows everyone)", [r.address, position + 1]))
}

deny contains finding if {
	some r in array.concat(buckets, policies)
	r.change.after_unknown.policy == true
	not plan.is_unset(r, ["policy"])
	finding := undecided(r, ["policy"])
}

deny contains finding if {
	some [r, open] in access_blocks
	settings := [setting | some setting in open; not plan.is_unknown(r, [setting])]
	count(settings) > 0
	finding := object.union(
		plan.finding(r, [settings[0]], sprintf("Public access to S3 is not fully blocked: %s (%s)", [r.address, concat(", ", settings)])),
		{"severity": "medium"},
	)
}

deny contains finding if {
	some [r, open] in access_blocks
	some setting in open
	plan.is_unknown(r, [setting])
	finding := object.union(
		plan.unknown_finding(r, [setting], sprintf("%s blocks public access to S3", [setting])),
		{"severity": "medium"},
	)
}

buckets := plan.touched_of("aws_s3_bucket")

acls := plan.touched_of("aws_s3_bucket_acl")

policies := plan.touched_of("aws_s3_bucket_policy")

public_acls := {"public-read", "public-read-write", "authenticated-read"}

block_settings := ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]

# Every public access block, with those of its settings that are not known to be true.
access_blocks := [[r, open] |
	some type in ["aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block"]
	some r in plan.touched_of(type)
	open := [setting |
		some setting in block_settings
		plan.value(r, [setting], false) != true
	]
]

# Every grantee of an ACL: its resource, the path of the attribute that a reader looks for, and its own path.
grantees := array.concat(
	[[r, ["grant"], ["grant", position]] |
		some r in buckets
		is_array(r.change.after.grant)
		some position, _ in r.change.after.grant
	],
	[[r, ["access_control_policy"], ["access_control_policy", 0, "grant", position, "grantee", 0]] |
		some r in acls
		some position, _ in plan.list(plan.value(r, ["access_control_policy", 0, "grant"], []))
	],
)

is_public_group(uri) if {
	is_string(uri)
	some group in ["/groups/global/AllUsers", "/groups/global/AuthenticatedUsers"]
	endswith(uri, group)
}

public(r, path) := plan.finding(r, path, sprintf("Public S3 bucket: %s", [r.address]))

undecided(r, path) := plan.unknown_finding(r, path, "the S3 bucket is public")
