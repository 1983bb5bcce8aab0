package runtask.rules.iam_wildcard_test

import rego.v1

import data.runtask.rules.iam_wildcard
import data.runtask.testing

findings(resources) := found if {
	found := iam_wildcard.deny with input as testing.plan(resources)
}

messages(resources) := {finding.msg | some finding in findings(resources)}

sure(resources) := {finding | some finding in findings(resources); not finding.unknown}

policy(statement) := testing.create("aws_iam_policy.a", {"policy": json.marshal({"Version": "2012-10-17", "Statement": statement})})

allow(action, resource) := {"Effect": "Allow", "Action": action, "Resource": resource}

test_named_actions_or_named_resources_pass if {
	findings([
		policy([allow(["s3:GetObject", "s3:Get*"], "*"), allow("s3:*", "arn:aws:s3:::b/*"), allow("*", ["arn:aws:s3:::b"])]),
		policy({"Effect": "Deny", "Action": "*", "Resource": "*"}),
		policy({"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}),
	]) == set()
}

test_all_actions_on_all_resources_are_critical if {
	every action in ["*", ["s3:Get", "*"], "*:*", "**"] {
		some finding in findings([policy(allow(action, "*"))])
		finding == {"msg": "IAM policy allows all actions on all resources: aws_iam_policy.a (statement 1)", "address": "aws_iam_policy.a", "attribute": ["policy"], "severity": "critical"}
	}
}

test_all_actions_of_a_service_are_high if {
	findings([policy([allow("s3:GetObject", "*"), allow(["s3:*"], ["*"])])]) == {{"msg": "IAM policy allows s3:* on all resources: aws_iam_policy.a (statement 2)", "address": "aws_iam_policy.a", "attribute": ["policy"], "severity": "high"}}
}

test_all_but_some_is_nearly_all if {
	messages([policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})]) == {"IAM policy allows all actions but some on all resources: aws_iam_policy.a (statement 1)"}
	messages([policy({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::b"})]) == {"IAM policy allows s3:* on all resources: aws_iam_policy.a (statement 1)"}
}

test_a_condition_does_not_excuse_a_wildcard if {
	count(findings([policy(object.union(allow("*", "*"), {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}))])) == 1
}

test_policies_of_every_kind_are_looked_at if {
	document := json.marshal({"Statement": allow("*", "*")})
	every type in ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy"] {
		count(findings([testing.create(sprintf("%s.a", [type]), {"policy": document})])) == 1
	}
	some finding in findings([testing.create("aws_iam_role.a", {"inline_policy": [{"name": "x"}, {"policy": document}]})])
	finding.attribute == ["inline_policy", 1, "policy"]
}

role(statement) := testing.create("aws_iam_role.a", {"assume_role_policy": json.marshal({"Statement": statement})})

test_a_role_that_everyone_can_assume_is_critical if {
	every principal in ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::123456789012:root", "*"]}] {
		findings([role([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}])]) == {{"msg": "IAM role can be assumed by everyone: aws_iam_role.a (statement 1)", "address": "aws_iam_role.a", "attribute": ["assume_role_policy"], "severity": "critical"}}
	}
}

test_a_role_for_a_service_or_under_a_condition_passes if {
	findings([
		role({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}),
		role({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}),
	]) == set()
}

test_attaching_administrator_access_is_critical if {
	every type in ["aws_iam_role_policy_attachment", "aws_iam_user_policy_attachment", "aws_iam_group_policy_attachment", "aws_iam_policy_attachment"] {
		every partition in ["aws", "aws-cn", "aws-us-gov"] {
			some finding in findings([testing.create(sprintf("%s.a", [type]), {"policy_arn": sprintf("arn:%s:iam::aws:policy/AdministratorAccess", [partition])})])
			finding == {"msg": sprintf("AdministratorAccess is attached: %s.a", [type]), "address": sprintf("%s.a", [type]), "attribute": ["policy_arn"], "severity": "critical"}
		}
	}
	some finding in findings([testing.create("aws_iam_role.a", {"managed_policy_arns": ["x", "arn:aws:iam::aws:policy/AdministratorAccess"]})])
	finding.attribute == ["managed_policy_arns", 1]
}

test_attaching_another_policy_passes if {
	findings([
		testing.create("aws_iam_role_policy_attachment.a", {"policy_arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
		testing.create("aws_iam_role_policy_attachment.b", {"policy_arn": "arn:aws:iam::123456789012:policy/AdministratorAccess"}),
		testing.create_unknown("aws_iam_role_policy_attachment.c", {}, {"policy_arn": true}),
	]) == set()
}

test_services_may_be_excepted if {
	resources := [policy(allow(["CloudWatch:*", "s3:*", "*"], "*"))]
	with_params({"services": ["cloudwatch"]}, resources) == {"IAM policy allows s3:* on all resources: aws_iam_policy.a (statement 1)", "IAM policy allows all actions on all resources: aws_iam_policy.a (statement 1)"}
}

with_params(params, resources) := {finding.msg | some finding in found} if {
	found := iam_wildcard.deny with input as testing.plan(resources) with data.params as {"iam-wildcard": params}
}

test_wrong_parameters_are_findings_and_except_nothing if {
	allowed := "IAM policy allows s3:* on all resources: aws_iam_policy.a (statement 1)"
	resources := [policy(allow("s3:*", "*"))]
	every services in ["s3", null, 7, {"s3": true}, ["cloudwatch", 7]] {
		with_params({"services": services}, resources) == {allowed, "The parameter services of iam-wildcard must be a list of texts"}
	}
	with_params({"service": ["s3"]}, resources) == {allowed, "iam-wildcard has no parameter service: it has services"}
	with_params(["s3"], resources) == {allowed, "The parameters of iam-wildcard must be an object: it has services"}
	with_params({"services": []}, []) == set()
}

test_what_is_deleted_or_left_alone_passes if {
	values := {"policy": json.marshal({"Statement": allow("*", "*")})}
	findings([testing.delete("aws_iam_policy.a", values), testing.no_op("aws_iam_policy.b", values)]) == set()
	count(findings([testing.update("aws_iam_policy.c", {}, values)])) == 1
}

test_modules_and_keys_are_in_the_message if {
	messages([testing.create(`module.a["x"].aws_iam_policy.b[0]`, {"policy": json.marshal({"Statement": allow("s3:*", "*")})})]) == {`IAM policy allows s3:* on all resources: module.a["x"].aws_iam_policy.b[0] (statement 1)`}
}

test_unknown_policies_are_said_to_be_unknown if {
	unknown := {[finding.address, finding.attribute] |
		some finding in findings([
			testing.create_unknown("aws_iam_policy.a", {}, {"policy": true}),
			testing.create_unknown("aws_iam_role.b", {"inline_policy": [{}]}, {"assume_role_policy": true, "inline_policy": [{"policy": true}]}),
		])
		finding.unknown
	}
	unknown == {["aws_iam_policy.a", ["policy"]], ["aws_iam_role.b", ["assume_role_policy"]], ["aws_iam_role.b", ["inline_policy", 0, "policy"]]}
}

test_odd_shapes_are_no_error_and_no_finding if {
	sure(testing.odd("aws_iam_policy", ["policy"])) == set()
	sure(testing.odd("aws_iam_role", ["assume_role_policy", "inline_policy", "managed_policy_arns"])) == set()
	sure(testing.odd("aws_iam_policy_attachment", ["policy_arn"])) == set()
	every wrong in [null, 7, "text", [], {}, [7], [null], {"x": 1}] {
		is_set(findings([policy([{"Effect": wrong, "Action": "*", "Resource": "*"}, {"Effect": "Allow", "Action": wrong, "Resource": "*"}, {"Effect": "Allow", "Action": "*", "Resource": wrong}])]))
		sure([policy([{"Effect": wrong, "Action": "*", "Resource": "*"}, {"Effect": "Allow", "Action": wrong, "Resource": "*"}, {"Effect": "Allow", "Action": "*", "Resource": wrong}])]) == set()
	}
}
