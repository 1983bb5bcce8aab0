# METADATA
# title: Resources have the tags that you require
# description: |
#   Tags say whose a resource is and who pays for it.
#   Without parameters the rule asks for nothing.
#
#   It looks at every resource that has `tags_all` or `tags` among its planned values, of whatever provider, as long as they are a map: `tags_all` where it is there, so that the provider's `default_tags` count.
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

deny contains finding if {
	some [r, attribute] in taggable
	missing := [name |
		some name in names
		plan.value(r, [attribute, name], "") == ""
		not plan.is_unknown(r, [attribute, name])
	]
	count(missing) > 0
	finding := plan.finding(r, [attribute], sprintf("Missing tags: %s (%s)", [r.address, concat(", ", missing)]))
}

deny contains finding if {
	some [r, attribute] in taggable
	some name in names
	actual := plan.value(r, [attribute, name], "")
	actual != ""
	not is_allowed(name, actual)
	finding := plan.finding(r, [attribute, name], sprintf("Tag has a value that is not allowed: %s (%s)", [r.address, name]))
}

# Where all tags are unknown, the names are; of one tag, the value is, which matters if it is to match an expression.
deny contains finding if {
	some [r, attribute] in taggable
	whole := [attribute | plan.is_unknown(r, [attribute])]
	unknown := [name |
		some name in names
		plan.is_unknown(r, [attribute, name])
		array.concat(whole, [name | is_string(patterns[name])]) != []
	]
	count(unknown) > 0
	finding := plan.unknown_finding(r, [attribute], sprintf("its tags are those required (%s)", [concat(", ", unknown)]))
}

params := plan.params("required-tags")

names := [name | some name in plan.list(params.tags); is_string(name)]

names := [name | some name, _ in params.tags] if is_object(params.tags)

default patterns := {}

patterns := params.tags if is_object(params.tags)

# A value that is no text is compared as it would be written; an expression that is none allows nothing.
is_allowed(name, _) if not is_string(patterns[name])

is_allowed(name, actual) if {
	pattern := sprintf("^(?:%s)$", [patterns[name]])
	regex.is_valid(pattern)
	regex.match(pattern, sprintf("%v", [actual]))
}

# With the attribute that has the tags: nothing is looked at unless something is required.
taggable := [[r, attribute] |
	count(names) > 0
	some r in plan.touched
	attribute := tags_of(r)
	not plan.matches_any(excepted_types, r.type)
]

excepted_types := [type | some type in plan.list(params.types); is_string(type)]

tags_of(r) := "tags_all" if has_tags(r, "tags_all")

else := "tags" if has_tags(r, "tags")

has_tags(r, attribute) if is_object(r.change.after[attribute])

has_tags(r, attribute) if plan.is_unknown(r, [attribute])

# Terraform writes null for a resource that could have tags.
has_tags(r, "tags") if r.change.after.tags == null
