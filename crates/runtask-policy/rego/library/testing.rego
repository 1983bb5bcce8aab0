# METADATA
# title: Plans for the tests of policies
# description: |
#   Builds small plans: `data.runtask.rules.x.deny with input as testing.plan([testing.create("aws_s3_bucket.site", {"acl": "private"})])`.
#   The parts of a resource that a plan repeats (type, name, module, key) are taken from its address.
# scope: package
package runtask.testing

import rego.v1

plan(resources) := {"format_version": "1.2", "resource_changes": resources}

# The same with the configuration of the root module: an object from resource address to its expressions.
plan_with_configuration(resources, expressions) := object.union(plan(resources), {"configuration": {"root_module": {"resources": [declared |
	some address, attributes in expressions
	declared := {"address": address, "mode": "managed", "expressions": attributes}
]}}})

create(address, after) := resource(address, {"actions": ["create"], "before": null, "after": after, "after_unknown": {}})

update(address, before, after) := resource(address, {"actions": ["update"], "before": before, "after": after, "after_unknown": {}})

replace(address, before, after) := resource(address, {"actions": ["delete", "create"], "before": before, "after": after, "after_unknown": {}})

delete(address, before) := resource(address, {"actions": ["delete"], "before": before, "after": null, "after_unknown": {}})

no_op(address, values) := resource(address, {"actions": ["no-op"], "before": values, "after": values, "after_unknown": {}})

# A creation, some of whose values are known only after apply: `after_unknown` has `true` in their places.
create_unknown(address, after, after_unknown) := resource(address, {"actions": ["create"], "before": null, "after": after, "after_unknown": after_unknown})

resource(address, change) := object.union(named(address), {"address": address, "change": change})

# One resource of a type for each of the shapes that a plan should never have.
# Its last entries are right but for one attribute, which has each wrong type in turn.
odd(type, attributes) := array.concat(
	[
		null,
		7,
		"text",
		[],
		{},
		{"address": null, "type": type, "mode": "managed"},
		{"address": "x.y", "type": type, "mode": "managed"},
		{"address": "x.y", "type": type, "mode": "managed", "change": "text"},
		{"address": "x.y", "type": type, "mode": "managed", "change": {"actions": "create", "after": "text"}},
		{"address": "x.y", "type": type, "mode": "managed", "change": {"actions": null, "after": [], "after_unknown": []}},
		{"address": "x.y", "type": type, "mode": "managed", "change": {"actions": ["create"], "after": 7, "after_unknown": 7}},
		{"address": "x.y", "type": type, "mode": "managed", "change": {"actions": ["delete"], "after": null, "after_unknown": null}},
	],
	[entry |
		some attribute in attributes
		some wrong in [null, 7, [], {}, "", "text", [null], [7], [[]], ["text"], [{}], {"x": 1}, [{"x": [1]}], "{}", "[]", "7", "null", `{"Statement": 7}`, `{"Statement": ["x"]}`]
		some unknown in [{}, "text", [1]]
		entry := {"address": "x.y", "type": type, "mode": "managed", "change": {"actions": ["create"], "after": {attribute: wrong}, "after_unknown": unknown}}
	],
)

named(address) := object.union_n([{"mode": mode, "type": parts[5], "name": parts[6]}, module, key]) if {
	parts := regex.find_all_string_submatch_n(`^((module\.[^.\[]+(\[[^\]]*\])?\.)*)(data\.)?([^.]+)\.([^.\[]+)(\[(.*)\])?$`, address, 1)[0]
	mode := {"": "managed", "data.": "data"}[parts[4]]
	module := {"module_address": trim_suffix(parts[1], ".") | parts[1] != ""}
	key := {"index": json.unmarshal(parts[8]) | parts[7] != ""}
}
