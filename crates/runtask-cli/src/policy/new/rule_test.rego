package example_rule_test

import rego.v1

import data.runtask.testing

test_a_name_of_ours_is_fine if {
	plan := testing.plan([testing.create("aws_s3_bucket.site", {"bucket": "acme-site"})])
	count(data.example_rule.deny) == 0 with input as plan
}

test_another_name_is_denied if {
	plan := testing.plan([testing.create("aws_s3_bucket.site", {"bucket": "site"})])
	some finding in data.example_rule.deny with input as plan
	finding.address == "aws_s3_bucket.site"
}

test_no_name_is_denied if {
	buckets := [testing.create("aws_s3_bucket.left_out", {}), testing.create("aws_s3_bucket.is_null", {"bucket": null})]
	count(data.example_rule.deny) == 2 with input as testing.plan(buckets)
}

# METADATA
# custom:
#   unknown: expected
test_nobody_can_say_before_the_name_is_known if {
	plan := testing.plan([testing.create_unknown("aws_s3_bucket.site", {}, {"bucket": true})])
	count(data.example_rule.deny) == 0 with input as plan
}
