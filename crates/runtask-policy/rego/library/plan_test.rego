package runtask.plan_test

import rego.v1

import data.runtask.plan
import data.runtask.testing

site := `module.web["eu.west"].module.cdn[0].aws_s3_bucket.site["a]b"]`

everything := testing.plan([
	testing.create("aws_s3_bucket.created", {}),
	testing.update("aws_s3_bucket.updated", {"acl": "private", "name": "x"}, {"acl": "public-read", "name": "x"}),
	testing.replace("aws_s3_bucket.replaced", {}, {}),
	testing.resource("aws_s3_bucket.replaced_before", {"actions": ["create", "delete"], "before": {}, "after": {}}),
	testing.delete("aws_s3_bucket.deleted", {}),
	testing.resource("aws_s3_bucket.forgotten", {"actions": ["forget"], "before": {}, "after": null}),
	testing.resource("aws_s3_bucket.recreated", {"actions": ["create", "forget"], "before": {}, "after": {}}),
	testing.no_op("aws_s3_bucket.unchanged", {}),
	testing.create("aws_instance.web", {}),
	testing.resource("data.aws_ami.x", {"actions": ["read"], "before": null, "after": {}}),
])

names(list) := [name | some r in list; name := trim_prefix(r.address, "aws_s3_bucket.")]

test_every_action_has_its_list if {
	names(plan.created) == ["created", "recreated", "aws_instance.web"] with input as everything
	names(plan.updated) == ["updated"] with input as everything
	names(plan.replaced) == ["replaced", "replaced_before"] with input as everything
	names(plan.deleted) == ["deleted"] with input as everything
	names(plan.destroyed) == ["replaced", "replaced_before", "deleted"] with input as everything
	names(plan.forgotten) == ["forgotten", "recreated"] with input as everything
	names(plan.unchanged) == ["unchanged"] with input as everything
	names(plan.read) == ["data.aws_ami.x"] with input as everything
}

test_data_sources_are_no_resources if {
	names(plan.data_sources) == ["data.aws_ami.x"] with input as everything
	count(plan.resources) == 9 with input as everything
}

test_data_sources_are_not_among_the_resources_of_a_type if {
	plan.resources_of("aws_ami") == [] with input as everything
	plan.touched_of("aws_ami") == [] with input as testing.plan([testing.resource("data.aws_ami.x", {"actions": ["create"], "after": {}})])
}

test_touched_is_what_is_created_or_changed if {
	names(plan.touched) == ["created", "updated", "replaced", "replaced_before", "recreated", "aws_instance.web"] with input as everything
}

test_planned_is_what_exists_after_apply if {
	names(plan.planned) == ["created", "updated", "replaced", "replaced_before", "recreated", "unchanged", "aws_instance.web"] with input as everything
}

test_resources_are_found_by_type_in_the_order_of_the_plan if {
	count(plan.resources_of("aws_s3_bucket")) == 8 with input as everything
	names(plan.touched_of("aws_s3_bucket")) == ["created", "updated", "replaced", "replaced_before", "recreated"] with input as everything
	plan.touched_of("aws_vpc") == [] with input as everything
}

test_the_lists_and_the_functions_agree if {
	functions_agree with input as everything
}

functions_agree if {
	plan.created == [r | some r in plan.resources; plan.is_create(r)]
	plan.updated == [r | some r in plan.resources; plan.is_update(r)]
	plan.replaced == [r | some r in plan.resources; plan.is_replace(r)]
	plan.deleted == [r | some r in plan.resources; plan.is_delete(r)]
	plan.forgotten == [r | some r in plan.resources; plan.is_forget(r)]
	plan.unchanged == [r | some r in plan.resources; plan.is_no_op(r)]
	plan.read == [r | some r in plan.data_sources; plan.is_read(r)]
	plan.touched == [r | some r in plan.resources; plan.is_touched(r)]
	plan.planned == [r | some r in plan.resources; plan.is_planned(r)]
}

test_an_action_that_nobody_has_heard_of_is_touched if {
	names(plan.touched) == ["new"] with input as testing.plan([testing.resource("aws_s3_bucket.new", {"actions": ["transmogrify"], "after": {}})])
}

test_an_address_finds_its_resource_and_not_a_deposed_one if {
	deposed := object.union(testing.delete("aws_s3_bucket.a", {}), {"deposed": "1234abcd"})
	document := testing.plan([deposed, testing.create("aws_s3_bucket.a", {"acl": "private"})])
	plan.by_address["aws_s3_bucket.a"].change.after.acl == "private" with input as document
	plan.is_deposed(deposed)
}

test_one_address_twice_is_no_error if {
	count(plan.by_address) == 1 with input as testing.plan([testing.create("aws_s3_bucket.a", {}), testing.create("aws_s3_bucket.a", {"acl": "x"})])
}

test_module_and_key_are_those_of_the_resource if {
	r := testing.create(site, {})
	plan.module_of(r) == `module.web["eu.west"].module.cdn[0]`
	plan.key_of(r) == "a]b"
	plan.key_of(testing.create("aws_s3_bucket.a[2]", {})) == 2
	plan.key_of(testing.create("aws_s3_bucket.a", {})) == null
	plan.module_of(testing.create("aws_s3_bucket.a", {})) == ""
}

test_a_value_is_found_by_its_path if {
	r := testing.update("x.y", {"a": 1}, {"versioning": [{"enabled": false}], "none": null})
	plan.value(r, ["versioning", 0, "enabled"], true) == false
	plan.value(r, ["versioning", 1, "enabled"], "otherwise") == "otherwise"
	plan.value(r, ["versioning", "enabled"], "otherwise") == "otherwise"
	plan.value(r, ["none"], "otherwise") == "otherwise"
	plan.value_before(r, ["a"], 0) == 1
	plan.value_before(r, ["b"], 0) == 0
}

test_unknown_is_what_terraform_says_and_all_below_it if {
	r := testing.create_unknown("x.y", {}, {"arn": true, "versioning": [{"enabled": true, "mfa": false}], "rules": true})
	plan.is_unknown(r, ["arn"])
	plan.is_unknown(r, ["versioning", 0, "enabled"])
	plan.is_unknown(r, ["rules", 3, "name"])
	not plan.is_unknown(r, ["versioning"])
	not plan.is_unknown(r, ["versioning", 0, "mfa"])
	not plan.is_unknown(r, ["versioning", 1, "enabled"])
	not plan.is_unknown(r, ["missing"])
}

test_sensitive_is_what_terraform_says_and_all_below_it if {
	r := testing.resource("x.y", {"after": {}, "after_sensitive": {"password": true, "users": [{"key": true}]}})
	plan.is_sensitive(r, ["password"])
	plan.is_sensitive(r, ["users", 0, "key"])
	not plan.is_sensitive(r, ["name"])
}

test_an_attribute_that_the_configuration_does_not_set_is_unset if {
	r := testing.create_unknown("aws_s3_bucket.a", {}, {"acl": true, "policy": true})
	document := testing.plan_with_configuration([r], {"aws_s3_bucket.a": {"policy": {"references": ["x"]}}})
	plan.is_unset(r, ["acl"]) with input as document
	not plan.is_undecided(r, ["acl"]) with input as document
	not plan.is_unset(r, ["policy"]) with input as document
	plan.is_undecided(r, ["policy"]) with input as document
}

# V-13
test_what_has_no_value_is_missing if {
	r := testing.create("aws_s3_bucket.a", {"null": null, "text": "", "list": [], "object": {}, "tags": {"owner": null}})
	every name in ["null", "text", "list", "object", "absent"] {
		plan.is_missing(r, [name]) with input as testing.plan([r])
	}
	every key in ["owner", "absent"] {
		plan.is_missing(r, ["tags", key]) with input as testing.plan([r])
	}
	plan.is_missing(r, ["absent", 0, "x"]) with input as testing.plan([r])
}

test_what_has_a_value_is_not_missing if {
	r := testing.create("aws_s3_bucket.a", {"no": false, "zero": 0, "blank": " ", "list": [null], "tags": {"owner": "a"}})
	every path in [["no"], ["zero"], ["blank"], ["list"], ["tags"], ["tags", "owner"]] {
		not plan.is_missing(r, path) with input as testing.plan([r])
	}
}

# With its configuration, what the provider fills in is missing; without it, nobody can say.
test_what_is_not_known_is_missing_only_where_nobody_sets_it if {
	r := testing.create_unknown("aws_s3_bucket.a", {}, {"acl": true, "policy": true})
	document := testing.plan_with_configuration([r], {"aws_s3_bucket.a": {"policy": {"references": ["x.y"]}}})
	plan.is_missing(r, ["acl"]) with input as document
	not plan.is_missing(r, ["policy"]) with input as document
	plan.is_undecided(r, ["policy"]) with input as document
	not plan.is_missing(r, ["acl"]) with input as testing.plan([r])
	plan.is_undecided(r, ["acl"]) with input as testing.plan([r])
}

test_without_its_configuration_nothing_is_unset if {
	r := testing.create_unknown("aws_s3_bucket.a", {}, {"acl": true})
	not plan.is_unset(r, ["acl"]) with input as testing.plan([r])
	plan.is_undecided(r, ["acl"]) with input as testing.plan([r])
}

test_an_attribute_of_a_block_is_unset_if_no_block_sets_it if {
	r := testing.create("aws_instance.a", {"root_block_device": [{}]})
	some_set := testing.plan_with_configuration([r], {"aws_instance.a": {"root_block_device": [{"size": {}}, {"encrypted": {}}]}})
	none_set := testing.plan_with_configuration([r], {"aws_instance.a": {"root_block_device": [{"size": {}}]}})
	no_block := testing.plan_with_configuration([r], {"aws_instance.a": {}})
	not plan.is_unset(r, ["root_block_device", 0, "encrypted"]) with input as some_set
	plan.is_unset(r, ["root_block_device", 0, "encrypted"]) with input as none_set
	not plan.is_unset(r, ["root_block_device", 0, "encrypted"]) with input as no_block
}

test_all_blocks_may_be_left_to_the_provider if {
	r := testing.create_unknown("aws_instance.a", {}, {"root_block_device": true})
	plan.is_unset(r, ["root_block_device", 0, "encrypted"]) with input as testing.plan_with_configuration([r], {"aws_instance.a": {}})
}

test_the_configuration_of_a_module_serves_all_its_instances if {
	r := testing.create_unknown(site, {}, {"acl": true, "policy": true})
	document := object.union(testing.plan([r]), {"configuration": {"root_module": {"module_calls": {"web": {"module": {"module_calls": {"cdn": {"module": {"resources": [{"address": "aws_s3_bucket.site", "mode": "managed", "expressions": {"policy": {}}}]}}}}}}}}})
	plan.is_unset(r, ["acl"]) with input as document
	plan.is_undecided(r, ["policy"]) with input as document
}

test_changed_attributes_are_named if {
	plan.changed_attributes(testing.resource("x.y", {"before": {"a": 1, "b": 2, "gone": 3}, "after": {"a": 1, "b": 3, "new": 4}, "after_unknown": {"arn": true, "a": false}})) == {"b", "gone", "new", "arn"}
	plan.changed_attributes(testing.delete("x.y", {"a": 1})) == {"a"}
	plan.changed_attributes({}) == set()
}

test_a_pattern_has_one_special_character if {
	plan.matches_any(["aws_*"], "aws_s3_bucket")
	plan.matches_any(["x", `module.*.aws_db_instance.x["a"]`], `module.p["q.r"].aws_db_instance.x["a"]`)
	plan.matches_any(["exact"], "exact")
	not plan.matches_any(["aws.*"], "aws_s3_bucket")
	not plan.matches_any(["a?", "[ab]*", "(.*", 7, null], "ab")
	not plan.matches_any(["aws_*_x"], "aws_s3_bucket")
	plan.matches_any([`a\*`], `a\b`)
}

test_parameters_are_an_object_or_none if {
	plan.params("a") == {"b": 1} with data.params as {"a": {"b": 1}}
	plan.params("a") == {} with data.params as {"a": "text"}
	plan.params("a") == {} with data.params as {}
}

mistakes(params, kinds) := {finding.msg | some finding in found} if {
	found := plan.wrong_params("a", kinds) with data.params as params
}

test_parameters_of_the_right_kind_are_not_wrong if {
	kinds := {"boolean": "boolean", "number": "number", "numbers": "numbers", "text": "text", "texts": "texts", "any": "any"}
	every params in [{}, {"b": 7}, {"a": {}}] {
		mistakes(params, kinds) == set()
	}
	every value in [true, false] {
		mistakes({"a": {"boolean": value}}, kinds) == set()
	}
	mistakes({"a": {"number": 0, "numbers": [1, 2.5], "text": "", "texts": ["x", ""]}}, kinds) == set()
	mistakes({"a": {"numbers": [], "texts": []}}, kinds) == set()
	every value in [null, 7, false, "text", [], {}] {
		mistakes({"a": {"any": value}}, kinds) == set()
	}
	plan.wrong_params("a", kinds) == []
}

test_parameters_of_another_kind_are_wrong if {
	names := {"boolean": "true or false", "number": "a number", "numbers": "a list of numbers", "text": "a text", "texts": "a list of texts"}
	wrong := {
		"boolean": [null, 0, "true", [], {}],
		"number": [null, true, "7", [7], {}],
		"numbers": [null, 7, "7", ["7"], [7, null], {"x": 7}],
		"text": [null, false, 7, ["x"], {}],
		"texts": [null, 7, "x", [7], ["x", null], {"x": "y"}],
	}
	every kind, values in wrong {
		every value in values {
			mistakes({"a": {"p": value}}, {"p": kind}) == {sprintf("The parameter p of a must be %s", [names[kind]])}
		}
	}
	mistakes({"a": {"p": "x"}}, {"p": "a kind that is not there"}) == {"The parameter p of a must be a kind that is not there"}
}

test_parameters_that_a_rule_does_not_have_are_wrong if {
	mistakes({"a": {"r": 1, "p": "x", "%s": null}}, {"q": "text", "p": "text"}) == {"a has no parameter r: it has p, q", "a has no parameter %s: it has p, q"}
	every odd in [null, false, 7, "text", ["x"]] {
		mistakes({"a": odd}, {"q": "text", "p": "text"}) == {"The parameters of a must be an object: it has p, q"}
	}
	every odd in [null, 7, "text", []] {
		mistakes(odd, {"p": "text"}) == set()
	}
}

provider(address, configuration) := found if {
	found := plan.provider_of(testing.create(address, {})) with input as object.union(testing.plan([testing.create(address, {})]), {"configuration": configuration})
} else := "none"

test_a_resource_has_the_provider_that_its_declaration_names if {
	declared := [{"address": "aws_s3_bucket.a", "provider_config_key": "aws.b"}]
	providers := {"aws": {"name": "aws"}, "aws.b": {"alias": "b"}, "module.c:aws": {"module_address": "module.c"}}
	provider("aws_s3_bucket.a[0]", {"provider_config": providers, "root_module": {"resources": declared}}) == {"alias": "b"}
	provider("aws_s3_bucket.other", {"provider_config": providers, "root_module": {"resources": declared}}) == "none"
	provider("module.c[0].aws_s3_bucket.a", {"provider_config": providers, "root_module": {"module_calls": {"c": {"module": {"resources": declared}}}}}) == {"alias": "b"}
}

test_a_provider_that_a_module_takes_over_is_not_told if {
	calls := {"module_calls": {"c": {"module": {"resources": [{"address": "aws_s3_bucket.a", "provider_config_key": "module.c:aws"}]}}}}
	own := {"module_address": "module.c", "expressions": {"region": {}}}
	provider("module.c.aws_s3_bucket.a", {"provider_config": {"module.c:aws": own}, "root_module": calls}) == own
	provider("module.c.aws_s3_bucket.a", {"provider_config": {"module.c:aws": {"module_address": "module.c"}}, "root_module": calls}) == "none"
	provider("module.c.aws_s3_bucket.a", {"provider_config": {}, "root_module": calls}) == "none"
	every odd in [null, 7, "text", []] {
		provider("module.c.aws_s3_bucket.a", {"provider_config": odd, "root_module": calls}) == "none"
		provider("module.c.aws_s3_bucket.a", {"provider_config": {"module.c:aws": odd}, "root_module": calls}) == "none"
	}
}

test_statements_are_one_or_many_and_of_json if {
	one := testing.create("x.y", {"policy": `{"Statement": {"Effect": "Allow"}}`})
	many := testing.create("x.y", {"policy": `{"Statement": [{"Effect": "Allow"}, 7, {"Effect": "Deny"}]}`})
	plan.statements(one, ["policy"]) == [{"Effect": "Allow"}]
	plan.statements(many, ["policy"]) == [{"Effect": "Allow"}, {"Effect": "Deny"}]
	every odd in ["", "text", "7", "null", "[]", "{}", `{"Statement": 7}`, null, 7, {}] {
		plan.statements(testing.create("x.y", {"policy": odd}), ["policy"]) == []
	}
}

test_everyone_is_a_star_in_whatever_form if {
	every principal in ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::1:root", "*"]}] {
		plan.allows_everyone({"Effect": "Allow", "Principal": principal})
	}
	plan.allows_everyone({"Effect": "Allow", "NotPrincipal": {"AWS": "x"}})
	plan.allows_everyone({"Effect": "Allow", "Principal": "*", "Condition": {}})
	not plan.allows_everyone({"Effect": "Allow", "Principal": "*", "Condition": {"Bool": {"a": "b"}}})
	not plan.allows_everyone({"Effect": "Deny", "Principal": "*"})
	not plan.allows_everyone({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}})
	not plan.allows_everyone({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}})
}

test_no_shape_of_a_plan_is_an_error if {
	every document in [null, 7, "text", [], {}, {"resource_changes": null}, {"resource_changes": {}}, {"resource_changes": "text"}, {"resource_changes": [null, 7, []]}] {
		plan.resources == [] with input as document
		plan.touched_of("aws_s3_bucket") == [] with input as document
		plan.by_address == {} with input as document
	}
}

test_no_shape_of_a_resource_is_an_error if {
	odd := testing.plan(testing.odd("aws_s3_bucket", ["acl", "policy"]))
	count(plan.resources) > 100 with input as odd
	every r in testing.odd("aws_s3_bucket", ["acl"]) {
		is_object(plan.value({"x": r}, ["a"], {}))
	}
	functions_agree with input as odd
}

test_no_shape_of_a_configuration_is_an_error if {
	r := testing.create_unknown("aws_s3_bucket.a", {}, {"acl": true})
	every configuration in [null, 7, "text", [], {"root_module": 7}, {"root_module": {"resources": "text"}}, {"root_module": {"resources": [null, 7, {}, {"address": 7}, {"address": "aws_s3_bucket.a", "expressions": "text"}]}}] {
		is_boolean(unset(r)) with input as object.union(testing.plan([r]), {"configuration": configuration})
	}
}

unset(r) if plan.is_unset(r, ["acl"])

else := false

test_what_is_deleted_is_not_planned_whatever_is_said_of_it if {
	document := testing.plan([
		testing.resource("x.deleted", {"actions": ["delete"], "before": {}, "after": {}}),
		testing.resource("x.forgotten", {"actions": ["forget"], "before": {}, "after": {}}),
		testing.resource("data.x.removed", {"actions": ["delete"], "before": {}, "after": null}),
	])
	plan.planned == [] with input as document
	plan.touched == [] with input as document
	names(plan.destroyed) == ["x.deleted"] with input as document
	functions_agree with input as document
}

test_every_resource_has_an_address_a_type_and_where_it_is_touched_values if {
	every side in ["managed", "data"] {
		entries := [object.union(object_or_empty(r), {"mode": side}) | some r in testing.odd("x", ["a"])]
		nameless := [{"address": wrong, "type": "x", "mode": side, "change": {"actions": ["delete"], "after": {}}} | some wrong in [null, 7, [], {}]]
		typeless := [{"address": "x.y", "type": wrong, "mode": side, "change": {"actions": ["delete"], "after": {}}} | some wrong in [null, 7, [], {}]]
		is_sound with input as testing.plan(array.concat(array.concat(entries, nameless), typeless))
	}
}

is_sound if {
	every r in array.concat(array.concat(plan.resources, plan.data_sources), plan.destroyed) {
		is_string(r.address)
		is_string(r.type)
	}
	every type in ["x", null, 7, [], {}] {
		every r in plan.resources_of(type) {
			is_string(r.address)
		}
		every r in plan.touched_of(type) {
			is_string(r.address)
			is_object(r.change.after)
		}
	}
}

object_or_empty(x) := x if is_object(x)

else := {}

test_touched_of_has_strings_for_addresses if {
	plan.touched_of("x") == [] with input as testing.plan([{"address": 7, "type": "x", "mode": "managed", "change": {"actions": ["create"], "after": {}}}])
	plan.resources_of("x") == [] with input as testing.plan([{"address": 7, "type": "x", "mode": "managed", "change": {"actions": ["create"], "after": {}}}])
}

test_a_module_that_is_no_text_is_none if {
	plan.module_of({"module_address": null}) == ""
	plan.module_of({"module_address": 7}) == ""
}

test_blocks_that_the_configuration_sets_are_not_unset if {
	r := testing.create_unknown("aws_instance.a", {"root_block_device": [{}]}, {"root_block_device": true})
	sets := testing.plan_with_configuration([r], {"aws_instance.a": {"root_block_device": [{"encrypted": {}}]}})
	one := testing.plan_with_configuration([r], {"aws_instance.a": {"root_block_device": {"size": {}}}})
	other := testing.plan_with_configuration([r], {"aws_instance.a": {"root_block_device": [{"size": {}}]}})
	not plan.is_unset(r, ["root_block_device", 0, "encrypted"]) with input as sets
	not plan.is_unset(r, ["root_block_device", 0, "encrypted"]) with input as one
	not plan.is_unset(r, ["root_block_device", 0, "ebs", 0, "encrypted"]) with input as other
}

test_what_is_known_is_decided if {
	r := testing.create("aws_s3_bucket.a", {"acl": "private"})
	not plan.is_undecided(r, ["acl"]) with input as testing.plan_with_configuration([r], {"aws_s3_bucket.a": {"acl": {}}})
}

test_what_is_no_list_has_no_elements if {
	every x in [null, 7, "text", {}, true] {
		plan.list(x) == []
	}
	plan.list([1]) == [1]
}

test_a_condition_that_is_no_object_narrows_nothing_down if {
	plan.allows_everyone({"Effect": "Allow", "Principal": "*", "Condition": "text"})
}
