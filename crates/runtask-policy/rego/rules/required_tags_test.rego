package runtask.rules.required_tags_test

import rego.v1

import data.runtask.rules.required_tags
import data.runtask.testing

findings(params, resources) := found if {
	found := required_tags.deny with input as testing.plan(resources) with data.params as {"required-tags": params}
}

messages(params, resources) := {finding.msg | some finding in findings(params, resources)}

names := {"tags": ["owner", "team"]}

patterns := {"tags": {"owner": "", "stage": "dev|prod"}}

test_nothing_is_required_unless_somebody_says_so if {
	required_tags.deny == set() with input as testing.plan([testing.create("aws_s3_bucket.a", {"tags": null})])
	findings({}, [testing.create("aws_s3_bucket.a", {"tags": null})]) == set()
	findings({"tags": []}, [testing.create("aws_s3_bucket.a", {"tags": null})]) == set()
}

test_resources_with_the_tags_pass if {
	findings(names, [
		testing.create("aws_s3_bucket.a", {"tags_all": {"owner": "x", "team": "y", "more": "z"}, "tags": null}),
		testing.create("google_thing.b", {"tags": {"owner": "x", "team": "y"}}),
	]) == set()
}

test_missing_and_empty_tags_are_named if {
	findings(names, [testing.create("aws_s3_bucket.a", {"tags_all": {"team": ""}, "tags": {"team": ""}})]) == {{"msg": "Missing tags: aws_s3_bucket.a (owner, team)", "address": "aws_s3_bucket.a", "attribute": ["tags_all"]}}
	findings(names, [testing.create("aws_s3_bucket.a", {"tags": {"team": "x"}})]) == {{"msg": "Missing tags: aws_s3_bucket.a (owner)", "address": "aws_s3_bucket.a", "attribute": ["tags"]}}
	messages(names, [testing.create("aws_s3_bucket.a", {"tags": null})]) == {"Missing tags: aws_s3_bucket.a (owner, team)"}
}

test_default_tags_count if {
	findings(names, [testing.create("aws_s3_bucket.a", {"tags": {"owner": "x"}, "tags_all": {"owner": "x", "team": "y"}})]) == set()
}

test_resources_that_cannot_have_tags_pass if {
	findings(names, [testing.create("aws_s3_bucket_acl.a", {"acl": "private"}), testing.create("other.b", {"tags": ["a", "b"]})]) == set()
}

test_values_must_match_as_a_whole if {
	findings(patterns, [testing.create("aws_s3_bucket.a", {"tags": {"owner": "x", "stage": "prod"}})]) == {{"msg": "Tag has a value that is not allowed: aws_s3_bucket.a (owner)", "address": "aws_s3_bucket.a", "attribute": ["tags", "owner"]}}
	messages({"tags": {"stage": "dev|prod"}}, [testing.create("aws_s3_bucket.a", {"tags": {"stage": "production"}})]) == {"Tag has a value that is not allowed: aws_s3_bucket.a (stage)"}
	messages({"tags": {"stage": "dev|prod"}}, [testing.create("aws_s3_bucket.a", {"tags": {"stage": "prod"}})]) == set()
	messages({"tags": {"stage": "dev|prod"}}, [testing.create("aws_s3_bucket.a", {"tags": {}})]) == {"Missing tags: aws_s3_bucket.a (stage)"}
}

test_types_are_excepted_by_pattern if {
	resources := [testing.create("aws_s3_bucket.a", {"tags": {}}), testing.create("aws_iam_role.b", {"tags": {}}), testing.create("aws_iam_policy.c", {"tags": {}})]
	messages({"tags": ["owner"], "types": ["aws_iam_*"]}, resources) == {"Missing tags: aws_s3_bucket.a (owner)"}
}

test_what_is_deleted_or_left_alone_passes if {
	findings(names, [testing.delete("aws_s3_bucket.a", {"tags": {}}), testing.no_op("aws_s3_bucket.b", {"tags": {}})]) == set()
}

test_modules_and_keys_are_in_the_message if {
	messages({"tags": ["owner"]}, [testing.create(`module.a["x"].aws_s3_bucket.b[1]`, {"tags": {}})]) == {`Missing tags: module.a["x"].aws_s3_bucket.b[1] (owner)`}
}

test_unknown_tags_are_said_to_be_unknown if {
	findings(names, [testing.create_unknown("aws_s3_bucket.a", {}, {"tags": true, "tags_all": true})]) == {{"msg": "Cannot say before apply whether tags are as required (owner, team): aws_s3_bucket.a", "address": "aws_s3_bucket.a", "attribute": ["tags_all"], "unknown": true}}
}

# The AWS provider marks `tags_all` as unknown where a resource sets no tags: they are missing, unless there may be default tags.
test_no_tags_and_no_default_tags_are_missing_tags if {
	bare := testing.create_unknown("aws_s3_bucket.a", {}, {"tags_all": true})
	of(bare, {"bucket": {}}, {"aws": {"expressions": {}}}) == {"Missing tags: aws_s3_bucket.a (owner)"}
	cannot_say := {"Cannot say before apply whether tags are as required (owner): aws_s3_bucket.a"}
	of(bare, {"bucket": {}}, {"aws": {"expressions": {"default_tags": [{"tags": {"references": ["local.tags"]}}]}}}) == cannot_say
	of(bare, {"tags": {"references": ["local.tags"]}}, {"aws": {"expressions": {}}}) == cannot_say
	of(bare, {"bucket": {}}, null) == cannot_say
}

with_default_tags := {"expressions": {"default_tags": [{"tags": {"references": ["local.tags"]}}]}}

without := {"expressions": {"region": {"constant_value": "eu-central-1"}}}

missing := {"Missing tags: x (owner)"}

cannot_say := {"Cannot say before apply whether tags are as required (owner): x"}

# The messages on one resource whose `tags_all` is unknown, without its address.
of_provider(address, configuration) := {replace(finding.msg, address, "x") | some finding in found} if {
	plan := object.union(testing.plan([testing.create_unknown(address, {}, {"tags_all": true})]), {"configuration": configuration})
	found := required_tags.deny with input as plan with data.params as {"required-tags": {"tags": ["owner"]}}
}

root(key, providers) := {
	"provider_config": providers,
	"root_module": {"resources": [{"address": "aws_s3_bucket.a", "mode": "managed", "provider_config_key": key, "expressions": {}}]},
}

test_default_tags_of_another_provider_do_not_count if {
	of_provider("aws_s3_bucket.a", root("aws", {"aws": without, "aws.tagged": with_default_tags})) == missing
	of_provider("aws_s3_bucket.a", root("aws.bare", {"aws": with_default_tags, "aws.bare": without})) == missing
	of_provider("aws_s3_bucket.a[0]", root("aws", {"aws": {"name": "aws"}, "aws.tagged": with_default_tags})) == missing
	of_provider("aws_s3_bucket.a", root("aws.tagged", {"aws": without, "aws.tagged": with_default_tags})) == cannot_say
	of_provider("aws_s3_bucket.a", root("aws", {"aws": with_default_tags, "aws.bare": without})) == cannot_say
}

test_where_the_provider_cannot_be_found_it_may_be_any if {
	every key in ["aws.other", "", null, 7, []] {
		of_provider("aws_s3_bucket.a", root(key, {"aws": without, "aws.tagged": with_default_tags})) == cannot_say
		of_provider("aws_s3_bucket.a", root(key, {"aws": without})) == missing
	}
	every odd in [null, 7, "text", []] {
		of_provider("aws_s3_bucket.a", root("aws", {"aws": odd, "aws.tagged": with_default_tags})) == cannot_say
		of_provider("aws_s3_bucket.a", root("aws", {"aws": odd})) == missing
		of_provider("aws_s3_bucket.a", root("aws", odd)) == cannot_say
	}
}

in_module(key, providers) := {
	"provider_config": providers,
	"root_module": {"module_calls": {"b": {"module": {"resources": [{"address": "aws_s3_bucket.a", "mode": "managed", "provider_config_key": key, "expressions": {}}]}}}},
}

# A module that is told which provider to use names it itself; one that takes over its parent's has an entry without expressions.
test_a_module_has_the_provider_that_it_names if {
	address := `module.b["c"].aws_s3_bucket.a`
	of_provider(address, in_module("aws.bare", {"aws": with_default_tags, "aws.bare": without})) == missing
	of_provider(address, in_module("aws", {"aws": with_default_tags, "aws.bare": without})) == cannot_say
	taken_over := {"name": "aws", "module_address": "module.b"}
	of_provider(address, in_module("module.b:aws", {"aws": with_default_tags, "module.b:aws": taken_over})) == cannot_say
	of_provider(address, in_module("module.b:aws", {"aws": without, "module.b:aws": taken_over})) == missing
	own := {"name": "aws", "module_address": "module.b", "expressions": {"region": {}}}
	of_provider(address, in_module("module.b:aws", {"aws": with_default_tags, "module.b:aws": own})) == missing
}

of(r, expressions, providers) := found if {
	plan := object.union(testing.plan_with_configuration([r], {r.address: expressions}), {"configuration": {"provider_config": providers}})
	found := {finding.msg | some finding in required_tags.deny} with input as plan with data.params as {"required-tags": {"tags": ["owner"]}}
}

test_what_a_resource_says_itself_is_known_even_where_tags_all_is_not if {
	messages(names, [testing.create_unknown("aws_s3_bucket.a", {"tags": {"owner": "x"}}, {"tags_all": true})]) == {"Cannot say before apply whether tags are as required (team): aws_s3_bucket.a"}
}

test_an_unknown_value_is_a_tag_but_cannot_be_compared if {
	r := testing.create_unknown("aws_s3_bucket.a", {"tags": {}}, {"tags": {"stage": true}})
	findings({"tags": ["stage"]}, [r]) == set()
	messages({"tags": {"stage": "dev"}}, [r]) == {"Cannot say before apply whether tags are as required (stage): aws_s3_bucket.a"}
}

test_wrong_parameters_are_a_finding_and_not_a_pass if {
	every tags in ["owner", 7, true, false, null, [7], {"owner": 7}, {"owner": "("}] {
		count(findings({"tags": tags}, [testing.create("aws_s3_bucket.a", {"tags": {}})])) == 1
		some message in messages({"tags": tags}, [])
		startswith(message, "The parameter tags of required-tags must be")
	}
}

test_other_wrong_parameters_are_findings_too if {
	missing := "Missing tags: aws_s3_bucket.a (owner)"
	resources := [testing.create("aws_s3_bucket.a", {"tags": {}})]
	messages({"tag": ["owner"]}, resources) == {"required-tags has no parameter tag: it has tags, types"}
	every params in [["owner"], "owner", null, false] {
		findings(params, resources) == {{"msg": "The parameters of required-tags must be an object: it has tags, types"}}
	}
	every types in ["aws_s3_bucket", null, 7, [7]] {
		messages({"tags": ["owner"], "types": types}, resources) == {missing, "The parameter types of required-tags must be a list of texts"}
	}
	messages({"tags": ["owner"], "typos": [], "more": {}}, resources) == {missing, "required-tags has no parameter typos: it has tags, types", "required-tags has no parameter more: it has tags, types"}
}

test_odd_shapes_are_no_error if {
	every finding in findings(patterns, testing.odd("aws_s3_bucket", ["tags", "tags_all"])) {
		contains(finding.msg, "x.y")
	}
}
