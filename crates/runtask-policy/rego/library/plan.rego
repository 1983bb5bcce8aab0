# METADATA
# title: What a policy on a Terraform plan needs
# description: |
#   Reads `input`, the plan as `terraform show -json` prints it, and offers its managed resources by type, address and action, and what is known of an attribute.
#
#   Whatever shape the plan has, nothing here is an evaluation error: an entry that is not a resource is left out, and an attribute that cannot be found is missing.
#   `some x in y` stops the evaluation where `y` is a string, number or null, so a list that comes from a plan is always read through `list`.
#
#   An attribute has one of three states: it has a value, it has none, or it is **known only after apply**.
#   `value`, `is_missing`, `is_unknown` and `is_undecided` tell them apart.
#   A rule about something that must be set asks `is_missing`, and `is_undecided` for what it cannot tell before apply.
#
#   Functions and lists are used as `plan.touched_of("aws_s3_bucket")` and `plan.touched` after `import data.runtask.plan`.
#   In a file that has a variable `plan` as well, import a list by its own name, `import data.runtask.plan.touched`: there the engine works out every list for `plan.touched`.
#
#   A rule about what will exist should judge `touched`: what this plan creates, replaces or updates.
#   It should not fail a run for a resource that the run leaves alone (`unchanged`): the person who runs it did not choose that resource, and cannot merge a fix for something else while it is refused.
#   A rule that audits everything judges `planned` instead.
# scope: package
package runtask.plan

import rego.v1

# The managed resources of the plan, in its order: one entry of `resource_changes` each.
# Data sources are in `data_sources`, because nothing that a plan says of them is created or destroyed.
resources := [r |
	some r in changes
	r.mode == "managed"
	is_string(r.address)
	is_string(r.type)
]

# The data sources that are read during apply, because what they depend on is not known before.
data_sources := [r |
	some r in changes
	r.mode == "data"
	is_string(r.address)
	is_string(r.type)
]

# What this plan creates, replaces or updates: see the note above.
# An action that this library has never heard of counts, so that a newer Terraform cannot slip a resource past the rules.
touched := [r |
	some r in resources
	is_object(r.change.after)
	not object.get(r.change, "actions", null) in untouching
]

# What exists after apply, whether this plan touches it or not.
planned := [r |
	some r in resources
	is_object(r.change.after)
	not object.get(r.change, "actions", null) in leaving
]

# The old object may be forgotten instead of destroyed: what is left is a creation.
created := [r | some r in resources; r.change.actions in creating]

updated := [r | some r in resources; r.change.actions in updating]

replaced := [r | some r in resources; r.change.actions in replacing]

# Destroyed for good: a replacement destroys too, and is in `replaced`.
deleted := [r | some r in resources; r.change.actions in deleting]

# No longer managed by Terraform, but left where it is.
forgotten := [r | some r in resources; r.change.actions in forgetting]

unchanged := [r | some r in resources; r.change.actions in idle]

# Data sources mostly: see `data_sources`.
read := [r | some r in array.concat(resources, data_sources); r.change.actions in reading]

is_create(r) if r.change.actions in creating

is_update(r) if r.change.actions in updating

is_replace(r) if r.change.actions in replacing

is_delete(r) if r.change.actions in deleting

is_forget(r) if r.change.actions in forgetting

is_no_op(r) if r.change.actions in idle

is_read(r) if r.change.actions in reading

is_touched(r) if {
	is_object(r.change.after)
	not object.get(r.change, "actions", null) in untouching
}

is_planned(r) if {
	is_object(r.change.after)
	not object.get(r.change, "actions", null) in leaving
}

# What this plan destroys, be it replaced or not: the object and what it holds are gone.
destroyed := [r |
	some r in changes
	r.change.actions in destroying
	r.mode == "managed"
	is_string(r.address)
	is_string(r.type)
]

# Whether the object that this plan destroys is a deposed one: the remains of an earlier replacement that did not finish.
# It has the address of its successor.
is_deposed(r) if is_string(r.deposed)

# The resources of one type, `touched` or not.
resources_of(type) := [r |
	some position in positions_by_type[type]
	r := changes[position]
	is_string(r.address)
]

# The same of what is `touched`: what most rules begin with.
# It looks at the resources of its type alone, so a rule for a type that the plan does not have costs nothing.
touched_of(type) := [r |
	some position in positions_by_type[type]
	r := changes[position]
	is_string(r.address)
	is_object(r.change.after)
	not object.get(r.change, "actions", null) in untouching
]

# The resource of an address; the first, where hostile input has several.
by_address := {address: resources[min(positions)] |
	some address, positions in positions_by_address
}

# The address of the module that the resource is in, as in `module.network["a"].module.subnet[0]`; "" for the root module.
module_of(r) := address if {
	address := r.module_address
	is_string(address)
} else := ""

# The `for_each` key (a string), the `count` index (a number), or null where the resource has neither.
key_of(r) := object.get(r, "index", null)

# The planned value at a path such as ["versioning", 0, "enabled"].
# `otherwise` is what a value is that is missing, null, or left to the provider (`is_unset`).
# A value that the configuration sets, and that is known only after apply, is not known here either: see `is_undecided`.
value(r, path, otherwise) := otherwise if {
	is_unknown(r, path)
	is_unset(r, path)
} else := found if {
	found := object.get(r, array.concat(["change", "after"], path), null)
	found != null
} else := otherwise

# The value before this plan, in the same way.
value_before(r, path, otherwise) := found if {
	found := object.get(r, array.concat(["change", "before"], path), null)
	found != null
} else := otherwise

# Whether the value at the path is known only after apply.
# Where Terraform says so of a parent, it holds for all that is below.
is_unknown(r, path) if marked(r, "after_unknown", path)

# Whether Terraform treats the planned value at the path as sensitive.
is_sensitive(r, path) if marked(r, "after_sensitive", path)

# Whether the configuration surely leaves the attribute at the path to the provider.
# Terraform says "known only after apply" of such an attribute, too, if the provider fills it in: of the `acl` of every new bucket, say.
# A rule that asks `is_unknown` alone would answer "unknown" for each of them.
# For an attribute of a block, ["root_block_device", 0, "encrypted"], it holds if none of the resource's blocks of that name sets it: blocks of a plan and of a configuration are not in the same order.
# It does not hold where the plan came without its configuration, nor for a `dynamic` block, which the configuration in the plan does not show.
is_unset(r, path) if {
	count(path) == 1
	expressions := expressions_of(r)
	not path[0] in object.keys(expressions)
}

# Where the provider fills in the whole attribute, that includes all that is below.
is_unset(r, path) if {
	count(path) > 1
	object.get(r, ["change", "after_unknown", path[0]], false) == true
	expressions := expressions_of(r)
	not path[0] in object.keys(expressions)
}

is_unset(r, path) if {
	count(path) == 3
	blocks := object.get(expressions_of(r), [path[0]], null)
	is_array(blocks)
	every block in blocks {
		object.get({"block": block}, ["block", path[2]], null) == null
	}
}

# Whether the configuration sets the attribute at the path to something that is known only after apply.
is_undecided(r, path) if {
	is_unknown(r, path)
	not is_unset(r, path)
}

# Whether the attribute at the path is surely missing: absent, null, or an empty text, list or object.
# It does not matter whether the configuration leaves it out or sets it to null.
# Of what is known only after apply, it holds where the configuration surely leaves it to the provider (`is_unset`); of the rest nobody can say, and `is_undecided` holds.
is_missing(r, path) if {
	not is_unknown(r, path)
	object.get(r, array.concat(["change", "after"], path), null) in empty_values
}

is_missing(r, path) if {
	is_unknown(r, path)
	is_unset(r, path)
}

# The provider's configuration that a resource is managed with: its entry in the configuration's `provider_config`, with `expressions` if it has a `provider` block.
# It is undefined where the plan does not tell, because it came without its configuration, or because a module takes over a configuration that the plan does not name.
provider_of(r) := found if {
	found := input.configuration.provider_config[declaration_of(r).provider_config_key]
	is_object(found)
	not is_taken_over(found)
}

# The names of the top-level attributes that this plan changes, those included whose new value is known only after apply.
changed_attributes(r) := {name |
	some name in object.keys(object.union(object_at(r, "after"), object_at(r, "after_unknown")))
	is_unknown(r, [name])
} | {name |
	before := object_at(r, "before")
	after := object_at(r, "after")
	some name in object.keys(before) | object.keys(after)
	object.get(before, [name], null) != object.get(after, [name], null)
}

# A list of the plan as it is; anything else has no elements.
list(x) := x if is_array(x)

else := []

# Whether a text is one of the patterns of a list; `*` stands for any characters, and nothing else is special.
# Addresses have brackets and quotes, which `glob.match` would take for its own.
matches_any(patterns, text) if text in patterns

matches_any(patterns, text) if {
	some pattern in patterns
	is_string(pattern)
	contains(pattern, "*")
	parts := [regex.replace(part, `[\\.+?()|\[\]{}^$]`, `\$0`) | some part in split(pattern, "*")]
	regex.match(sprintf("^(?s:%s)$", [concat(".*", parts)]), text)
}

# A finding on an attribute of a resource, in the form that the report knows.
finding(r, path, message) := {"msg": message, "address": r.address, "attribute": path}

# A finding that says that a rule cannot tell before apply; the setting `unknown` makes it pass, warn or fail.
unknown_finding(r, path, whether) := {
	"msg": sprintf("Cannot say before apply whether %s: %s", [whether, r.address]),
	"address": r.address,
	"attribute": path,
	"unknown": true,
}

# The parameters of a rule, `data.params["rule-code"]`; none where they are no object.
params(code) := found if {
	found := data.params[code]
	is_object(found)
} else := {}

# What is wrong with the parameters of a rule: findings without an address, one for each parameter.
# A rule that is set up wrong must not look like one that passed, so a rule with parameters yields them: `deny contains finding if some finding in plan.wrong_params("rule-code", {"names": "texts"})`.
# `kinds` says of each parameter what it must be: "text", "texts", "number", "numbers" (lists, which may be empty), "boolean", or "any", which the rule looks at itself.
wrong_params(code, kinds) := array.concat(
	[{"msg": sprintf("The parameters of %s must be an object: it has %s", [code, concat(", ", object.keys(kinds))])} |
		given := data.params[code]
		not is_object(given)
	],
	[{"msg": mistake} |
		some name, given in params(code)
		mistake := wrong_param(code, kinds, name, given)
	],
)

# The statements of the policy document (a string of JSON, as IAM and S3 take it) at a path of a resource's planned values.
# A text that is no JSON has none: AWS refuses it at apply.
statements(r, path) := [statement |
	text := object.get(r, array.concat(["change", "after"], path), null)
	is_string(text)
	json.is_valid(text)
	document := json.unmarshal(text)
	some statement in one_or_many(document.Statement)
	is_object(statement)
]

# AWS writes one value where a list of one would do: statements, actions, resources, principals.
one_or_many(x) := x if is_array(x)

else := [x]

# Whether everybody in the world may use an allowing statement of a policy document, because no condition narrows it down.
# A condition is taken at its word; whether it is a good one is not looked at.
allows_everyone(statement) if {
	statement.Effect == "Allow"
	names_everyone(statement)
	not is_conditional(statement)
}

# What follows serves the rules above.

default changes := []

changes := input.resource_changes if is_array(input.resource_changes)

# The lists of actions that Terraform writes. The `is_` functions and the lists above ask them in the same way;
# the lists do it without a call for each resource of a large plan, which would double the time.
creating := {["create"], ["create", "forget"]}

updating := {["update"]}

replacing := {["delete", "create"], ["create", "delete"]}

deleting := {["delete"]}

forgetting := {["forget"], ["create", "forget"]}

idle := {["no-op"]}

reading := {["read"]}

destroying := replacing | deleting

leaving := {["delete"], ["forget"], ["read"]}

untouching := leaving | idle

empty_values := [null, "", [], {}]

# One pass over the plan, however many types there are.
# Positions are collected, because ordering a set of whole resources would compare them attribute by attribute.
positions_by_type[r.type] contains position if {
	some position, r in changes
	r.mode == "managed"
	is_string(r.type)
}

positions_by_address[r.address] contains position if {
	some position, r in resources
	not is_deposed(r)
}

marked(r, marks, path) if r.change[marks][path[0]] == true

marked(r, marks, path) if {
	count(path) > 1
	some length in numbers.range(2, count(path))
	object.get(r, array.concat(["change", marks], array.slice(path, 0, length)), false) == true
}

object_at(r, side) := found if {
	found := r.change[side]
	is_object(found)
} else := {}

# What the configuration says of a resource, without regard to its `count` or `for_each`.
expressions_of(r) := object_or_empty(object.get(declaration_of(r), "expressions", {}))

declaration_of(r) := declarations_by_module[module_paths[module_of(r)]][sprintf("%s.%s", [r.type, r.name])]

# By module address, the path of the module in the configuration: `module.a["x"].module.b[0]` is `module.a.module.b` there.
module_paths[address] := regex.replace(address, `\[([0-9]+|"([^"\\]|\\.)*")\]`, "") if {
	some address in {module_of(r) | some r in touched}
}

declarations_by_module[module] := {address: declared |
	steps := split(module, ".")
	calls := [step |
		some position, name in steps
		position % 2 == 1
		some step in ["module_calls", name, "module"]
	]
	path := array.concat(array.concat(["configuration", "root_module"], calls), ["resources"])
	some declared in list(object.get(input, path, []))
	is_object(declared)
	address := declared.address
} if {
	some module in {path | some path in module_paths}
}

# A module has an entry of its own for each provider that it requires. Without expressions it stands for one from further up, and Terraform does not say which.
is_taken_over(provider) if {
	provider.module_address
	not provider.expressions
}

wrong_param(code, kinds, name, given) := sprintf("%s has no parameter %s: it has %s", [code, name, concat(", ", object.keys(kinds))]) if {
	not kinds[name]
} else := sprintf("The parameter %s of %s must be %s", [name, code, object.get(kind_names, kinds[name], kinds[name])]) if {
	not is_of_kind(given, kinds[name])
}

kind_names := {
	"boolean": "true or false",
	"number": "a number",
	"numbers": "a list of numbers",
	"text": "a text",
	"texts": "a list of texts",
}

is_of_kind(_, "any") := true

is_of_kind(given, "boolean") if is_boolean(given)

is_of_kind(given, "number") if is_number(given)

is_of_kind(given, "numbers") if {
	is_array(given)
	every element in given {
		is_number(element)
	}
}

is_of_kind(given, "text") if is_string(given)

is_of_kind(given, "texts") if {
	is_array(given)
	every element in given {
		is_string(element)
	}
}

object_or_empty(x) := x if is_object(x)

else := {}

names_everyone(statement) if statement.Principal == "*"

names_everyone(statement) if "*" in one_or_many(statement.Principal.AWS)

# "Everyone but these" is everyone.
names_everyone(statement) if statement.NotPrincipal != null

is_conditional(statement) if {
	is_object(statement.Condition)
	count(statement.Condition) > 0
}
