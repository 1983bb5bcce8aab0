package runtask.rules.public_s3_bucket_test

import rego.v1

import data.runtask.rules.public_s3_bucket
import data.runtask.testing

findings(resources) := found if {
	found := public_s3_bucket.deny with input as testing.plan(resources)
}

messages(resources) := {finding.msg | some finding in findings(resources)}

# Without the findings that say that nothing can be said.
sure(resources) := {finding | some finding in findings(resources); not finding.unknown}

open_policy := `{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "s3:GetObject"}, {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}]}`

test_private_buckets_pass if {
	findings([
		testing.create("aws_s3_bucket.a", {"acl": "private"}),
		testing.create("aws_s3_bucket.b", {"acl": null}),
		testing.create("aws_s3_bucket.c", {}),
		testing.create("aws_s3_bucket_acl.d", {"acl": "log-delivery-write"}),
	]) == set()
}

test_a_public_acl_is_a_finding if {
	every acl in ["public-read", "public-read-write", "authenticated-read"] {
		findings([testing.create("aws_s3_bucket.site", {"acl": acl})]) == {{"msg": "Public S3 bucket: aws_s3_bucket.site", "address": "aws_s3_bucket.site", "attribute": ["acl"]}}
		messages([testing.create("aws_s3_bucket_acl.site", {"acl": acl})]) == {"Public S3 bucket: aws_s3_bucket_acl.site"}
	}
}

test_updates_and_replacements_are_judged if {
	messages([
		testing.update("aws_s3_bucket.a", {"acl": "private"}, {"acl": "public-read"}),
		testing.replace("aws_s3_bucket.b", {"acl": "private"}, {"acl": "public-read"}),
	]) == {"Public S3 bucket: aws_s3_bucket.a", "Public S3 bucket: aws_s3_bucket.b"}
}

test_what_is_deleted_or_left_alone_passes if {
	findings([
		testing.delete("aws_s3_bucket.a", {"acl": "public-read"}),
		testing.no_op("aws_s3_bucket.b", {"acl": "public-read"}),
		testing.resource("data.aws_s3_bucket.c", {"actions": ["read"], "after": {"acl": "public-read"}}),
	]) == set()
}

test_modules_and_keys_are_in_the_message if {
	messages([testing.create(`module.a["x.y"].aws_s3_bucket.site["k"]`, {"acl": "public-read"})]) == {`Public S3 bucket: module.a["x.y"].aws_s3_bucket.site["k"]`}
}

test_a_grant_to_everybody_is_a_finding if {
	every group in ["AllUsers", "AuthenticatedUsers"] {
		uri := concat("", ["http://acs.amazonaws.com/groups/global/", group])
		findings([testing.create("aws_s3_bucket.a", {"grant": [{"uri": ""}, {"uri": uri}]})]) == {{"msg": "Public S3 bucket: aws_s3_bucket.a", "address": "aws_s3_bucket.a", "attribute": ["grant"]}}
		findings([testing.create("aws_s3_bucket_acl.a", {"access_control_policy": [{"grant": [{"grantee": [{"uri": uri}]}]}]})]) == {{"msg": "Public S3 bucket: aws_s3_bucket_acl.a", "address": "aws_s3_bucket_acl.a", "attribute": ["access_control_policy"]}}
	}
}

test_a_grant_to_log_delivery_passes if {
	findings([testing.create("aws_s3_bucket.a", {"grant": [{"uri": "http://acs.amazonaws.com/groups/s3/LogDelivery"}]})]) == set()
}

test_a_policy_for_everybody_is_a_finding if {
	messages([testing.create("aws_s3_bucket_policy.a", {"policy": open_policy})]) == {"Public S3 bucket: aws_s3_bucket_policy.a (statement 2 of its policy allows everyone)"}
	messages([testing.create("aws_s3_bucket.a", {"policy": open_policy})]) == {"Public S3 bucket: aws_s3_bucket.a (statement 2 of its policy allows everyone)"}
}

test_a_policy_with_a_condition_or_a_denial_passes if {
	findings([testing.create("aws_s3_bucket_policy.a", {"policy": `{"Statement": [{"Effect": "Deny", "Principal": "*"}, {"Effect": "Allow", "Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}]}`})]) == set()
}

test_a_full_public_access_block_passes if {
	findings([testing.create("aws_s3_bucket_public_access_block.a", {"block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": true})]) == set()
}

test_a_public_access_block_with_gaps_is_a_finding_that_names_them if {
	findings([testing.create("aws_s3_bucket_public_access_block.a", {"block_public_acls": true, "block_public_policy": false, "restrict_public_buckets": true})]) == {{
		"msg": "Public access to S3 is not fully blocked: aws_s3_bucket_public_access_block.a (block_public_policy, ignore_public_acls)",
		"address": "aws_s3_bucket_public_access_block.a",
		"attribute": ["block_public_policy"],
		"severity": "medium",
	}}
}

test_what_is_unknown_is_said_to_be_unknown if {
	unknown := {[finding.address, finding.attribute] |
		some finding in findings([
			testing.create_unknown("aws_s3_bucket.a", {}, {"acl": true}),
			testing.create_unknown("aws_s3_bucket_acl.b", {}, {"acl": true}),
			testing.create_unknown("aws_s3_bucket_policy.c", {}, {"policy": true}),
			testing.create_unknown("aws_s3_bucket_public_access_block.d", {"block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true}, {"restrict_public_buckets": true}),
			testing.create_unknown("aws_s3_bucket.e", {"grant": [{}]}, {"grant": [{"uri": true}]}),
		])
		finding.unknown
	}
	unknown == {["aws_s3_bucket.a", ["acl"]], ["aws_s3_bucket_acl.b", ["acl"]], ["aws_s3_bucket_policy.c", ["policy"]], ["aws_s3_bucket_public_access_block.d", ["restrict_public_buckets"]], ["aws_s3_bucket.e", ["grant"]]}
}

test_an_acl_that_nobody_sets_is_not_unknown if {
	bucket := testing.create_unknown("aws_s3_bucket.a", {}, {"acl": true, "grant": true, "policy": true})
	public_s3_bucket.deny == set() with input as testing.plan_with_configuration([bucket], {"aws_s3_bucket.a": {"bucket": {}}})
}

test_odd_shapes_are_no_error_and_no_finding if {
	sure(testing.odd("aws_s3_bucket", ["acl", "grant", "policy"])) == set()
	sure(testing.odd("aws_s3_bucket_acl", ["acl", "access_control_policy"])) == set()
	sure(testing.odd("aws_s3_bucket_policy", ["policy"])) == set()
	every finding in findings(testing.odd("aws_s3_bucket_public_access_block", ["block_public_acls"])) {
		startswith(finding.msg, "Public access to S3 is not fully blocked: x.y")
	}
}
