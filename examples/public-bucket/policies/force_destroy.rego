# METADATA
# title: Buckets are not thrown away with what is in them
# description: |
#   With `force_destroy`, Terraform empties a bucket before it destroys it, all versions included.
# scope: package
# custom:
#   code: force-destroy
#   severity: medium
#   fix: |
#     Leave `force_destroy` out, and empty the bucket yourself when its time has come.
package force_destroy

import rego.v1

import data.runtask.plan

# Advice: it does not fail the run.
warn contains finding if {
	some bucket in plan.touched_of("aws_s3_bucket")
	plan.value(bucket, ["force_destroy"], false) == true
	finding := plan.finding(bucket, ["force_destroy"], sprintf("%s goes with everything in it", [bucket.address]))
}

warn contains finding if {
	some bucket in plan.touched_of("aws_s3_bucket")
	plan.is_undecided(bucket, ["force_destroy"])
	finding := plan.unknown_finding(bucket, ["force_destroy"], "the bucket goes with everything in it")
}
