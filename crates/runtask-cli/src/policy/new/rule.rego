# METADATA
# title: Buckets have names of ours
# description: |
#   What this rule demands, and why, for the people whose run it stops.
# scope: package
# custom:
#   code: example-rule
#   severity: medium
#   fix: |
#     Begin the bucket's name with `acme-`.
package example_rule

import rego.v1

import data.runtask.plan

# The buckets that this plan creates or changes. Where the name is known only after apply, `unknown` in runtask.toml says
# what follows.
deny contains finding if {
	some resource in plan.touched_of("aws_s3_bucket")
	name := plan.value(resource, ["bucket"], "")
	name != ""
	not startswith(name, "acme-")
	finding := plan.finding(resource, ["bucket"], sprintf("%s is not called acme-…", [resource.address]))
}

# Those without a name, whether it is left out or null.
deny contains finding if {
	some resource in plan.touched_of("aws_s3_bucket")
	plan.is_missing(resource, ["bucket"])
	finding := plan.finding(resource, ["bucket"], sprintf("%s has no name of ours", [resource.address]))
}
