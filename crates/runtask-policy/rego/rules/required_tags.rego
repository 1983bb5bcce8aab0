# METADATA
# title: Resources have the tags that you require
# description: |
#   Tags say whose a resource is and who pays for it.
#   Without parameters the rule asks for nothing.
#
#   It looks at every resource that has `tags_all` or `tags` among its planned values, of whatever provider, as long as they are a map: `tags_all` where it is there, so that the provider's `default_tags` count.
#   A resource that sets no tags and whose provider has no `default_tags` has none, although the AWS provider says that `tags_all` is known only after apply.
#   In a module that is not told which provider to use, the plan does not say whose `default_tags` count: any in the configuration may.
#   An empty tag is a missing one. A tag whose value is known only after apply is there, but cannot be compared with an expression.
#
#   Only what the plan creates, replaces or updates is judged.
#   Not seen: `tag` blocks (`aws_autoscaling_group`), tags of an instance's volumes, and `labels`.
# scope: package
# related_resources:
#   - ref: https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
#     description: Tagging AWS resources
#   - ref: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/resource-tagging
#     description: Resource tagging with the AWS provider
# custom:
#   code: required-tags
#   severity: medium
#   unknown: absent
#   fix: |
#     Add the tag to the resource, or to all resources at once:
#
#     ```hcl
#     provider "aws" {
#       default_tags {
#         tags = { owner = "web", cost-center = "1234" }
#       }
#     }
#     ```
#   params:
#     tags: "The tags that every taggable resource must have: a list of names, or an object from names to regular expressions that the whole value must match. Default: none."
#     types: "Types of resources that need no tags: a list, `*` stands for any characters. Default: none."
package runtask.rules.required_tags

import rego.v1

import data.runtask.plan
import data.runtask.plan.touched

deny contains finding if {
	some [r, attribute] in taggable
	missing := [name |
		some name in names
		tag(r, attribute, name) == ""
		is_missing(r, attribute, name)
	]
	count(missing) > 0
	finding := plan.finding(r, [attribute], sprintf("Missing tags: %s (%s)", [r.address, concat(", ", missing)]))
}

deny contains finding if {
	some [r, attribute] in taggable
	some name in names
	actual := tag(r, attribute, name)
	actual != ""
	not is_allowed(name, actual)
	finding := plan.finding(r, [attribute, name], sprintf("Tag has a value that is not allowed: %s (%s)", [r.address, name]))
}

deny contains finding if {
	some [r, attribute] in taggable
	undecided := [name |
		some name in names
		tag(r, attribute, name) == ""
		is_undecided(r, attribute, name)
	]
	count(undecided) > 0
	finding := plan.unknown_finding(r, [attribute], sprintf("tags are as required (%s)", [concat(", ", undecided)]))
}

# A rule that is set up wrong must not look like one that passed.
deny contains finding if some finding in plan.wrong_params("required-tags", {"tags": "any", "types": "texts"})

deny contains {"msg": "The parameter tags of required-tags must be a list of names, or an object from names to regular expressions"} if is_wrong

params := plan.params("required-tags")

default names := []

names := params.tags if is_array(params.tags)

names := [name | some name, _ in params.tags] if is_object(params.tags)

default patterns := {}

patterns := params.tags if is_object(params.tags)

is_wrong if {
	not is_array(params.tags)
	not is_object(params.tags)
	"tags" in object.keys(params)
}

is_wrong if {
	some name in names
	not is_string(name)
}

is_wrong if {
	some _, pattern in patterns
	not is_expression(pattern)
}

is_expression(pattern) if {
	is_string(pattern)
	regex.is_valid(pattern)
}

# What a resource says itself is in `tags_all` too, unless all of that is unknown.
tag(r, attribute, name) := plan.value(r, [attribute, name], plan.value(r, ["tags", name], ""))

is_missing(r, attribute, name) if not plan.is_unknown(r, [attribute, name])

is_missing(r, attribute, _) if is_bare(r, attribute)

# A resource that sets no tags, whose provider has no default tags: the AWS provider marks `tags_all` as known after apply all the same.
is_bare(r, "tags_all") if r.address in bare

bare := {r.address |
	some [r, attribute] in taggable
	attribute == "tags_all"
	plan.is_unknown(r, ["tags_all"])
	plan.is_unset(r, ["tags"])
	not may_have_default_tags(r)
}

# Without the configuration nobody can say that there are none.
may_have_default_tags(_) if not is_object(providers)

may_have_default_tags(r) if {
	some_default_tags
	not is_without_default_tags(r)
}

# Where the plan does not say which provider is the resource's own, it may be the one that has them.
is_without_default_tags(r) if {
	provider := plan.provider_of(r)
	not provider.expressions.default_tags
}

some_default_tags if {
	some provider in plan.object_or_empty(providers)
	provider.expressions.default_tags
}

providers := object.get(input, ["configuration", "provider_config"], null)

# Of one tag, the value may be unknown, which matters if it is to match an expression; where all tags are, the name is.
is_undecided(r, attribute, _) if {
	plan.is_unknown(r, [attribute])
	not is_bare(r, attribute)
}

is_undecided(r, attribute, name) if {
	plan.is_unknown(r, [attribute, name])
	patterns[name]
}

is_allowed(name, _) if not patterns[name]

# A value that is no text is compared as it would be written.
is_allowed(name, actual) if regex.match(sprintf("^(?:%s)$", [patterns[name]]), sprintf("%v", [actual]))

# With the attribute that has the tags: nothing is looked at unless something is required.
taggable := [[r, attribute] |
	count(names) > 0
	not is_wrong
	some r in touched
	not has_all(r)
	attribute := tags_of(r)
	not plan.matches_any(excepted_types, r.type)
]

# Most resources of a plan are as they should be: they are not looked at any further, which saves nearly all of the time.
has_all(r) if {
	count(patterns) == 0
	tags := r.change.after.tags_all
	every name in names {
		not tags[name] in {"", null}
		tags[name]
	}
}

has_all(r) if {
	count(patterns) > 0
	tags := r.change.after.tags_all
	every name in names {
		not tags[name] in {"", null}
		is_allowed(name, tags[name])
	}
}

excepted_types := [type | some type in plan.list(params.types); is_string(type)]

tags_of(r) := "tags_all" if has_tags(r, "tags_all")

else := "tags" if has_tags(r, "tags")

has_tags(r, attribute) if is_object(r.change.after[attribute])

has_tags(r, attribute) if plan.is_unknown(r, [attribute])

# Terraform writes null for a resource that could have tags.
has_tags(r, "tags") if r.change.after.tags == null
