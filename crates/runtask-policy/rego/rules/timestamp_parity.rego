# METADATA
# title: The plan was made in an even minute
# description: |
#   A sample: it passes and fails without any resource, so that a new run task can be seen to do both.
#
#   The minute of the plan's `timestamp` (RFC 3339, as in `2025-01-31T10:42:07Z`) must be even, as it is written there, whatever the time zone.
#   A plan without such a timestamp fails: Terraform has written one since 1.5.
# scope: package
# related_resources:
#   - ref: https://developer.hashicorp.com/terraform/internals/json-format
#     description: JSON output format of Terraform
# custom:
#   code: timestamp-parity
#   severity: low
#   unknown: absent
#   fix: |
#     Plan again in another minute.
#     If the plan has no timestamp, plan with Terraform 1.5 or newer.
package runtask.rules.timestamp_parity

import rego.v1

deny contains {"msg": "Validation failed"} if minute % 2 == 1

deny contains {"msg": "Validation failed: the plan's timestamp is missing or not RFC 3339"} if not minute

# Digit by digit, because "08" is no number everywhere.
minute := (10 * digit(tens)) + digit(ones) if {
	is_string(input.timestamp)
	form := `^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):([0-5])([0-9]):([0-5][0-9]|60)([.][0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	parts := regex.find_all_string_submatch_n(form, input.timestamp, 1)[0]
	tens := parts[4]
	ones := parts[5]
}

digit(text) := indexof("0123456789", text)
