package force_destroy_test

import rego.v1

import data.force_destroy
import data.runtask.testing

test_a_bucket_that_terraform_would_empty_is_a_warning if {
	plan := testing.plan([testing.create("aws_s3_bucket.site", {"force_destroy": true})])
	some finding in force_destroy.warn with input as plan
	finding.address == "aws_s3_bucket.site"
	not finding.unknown
}

test_a_bucket_that_must_be_empty_is_fine if {
	plan := testing.plan([
		testing.create("aws_s3_bucket.a", {"force_destroy": false}),
		testing.create("aws_s3_bucket.b", {}),
		testing.delete("aws_s3_bucket.c", {"force_destroy": true}),
	])
	count(force_destroy.warn) == 0 with input as plan
}

test_an_unknown_answer_is_said_to_be_unknown if {
	bucket := testing.create_unknown("aws_s3_bucket.site", {}, {"force_destroy": true})
	plan := testing.plan_with_configuration([bucket], {"aws_s3_bucket.site": {"force_destroy": {"references": ["var.x"]}}})
	some finding in force_destroy.warn with input as plan
	finding.unknown
}
