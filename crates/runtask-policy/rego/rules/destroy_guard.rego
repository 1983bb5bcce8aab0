# METADATA
# title: What holds data is not destroyed
# description: |
#   A plan that destroys or replaces a database, a bucket or a key deletes what is in it, and the line that says so is easy to miss.
#
#   Destroying and replacing are findings for resources of the guarded types, and for the guarded addresses, whatever their type.
#   The message says which attribute forces a replacement, or why Terraform would destroy the resource.
#   Where it is meant, write an exception for the address into the settings, with a reason and a date at which it ends.
#
#   Terraform's own `prevent_destroy` goes away together with the block that it stands in; this rule does not.
#   Not seen: resources that are only forgotten (`removed` blocks), updates that delete data, and data that goes with something else, as the databases of an `aws_db_instance` with its subnet group do.
# scope: package
# related_resources:
#   - ref: https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle
#     description: The lifecycle meta-argument
#   - ref: https://developer.hashicorp.com/terraform/internals/json-format
#     description: JSON output format of Terraform
# custom:
#   code: destroy-guard
#   severity: critical
#   fix: |
#     If the resource was renamed or put into a module, say so, and nothing is destroyed:
#
#     ```hcl
#     moved {
#       from = aws_db_instance.orders
#       to   = module.orders.aws_db_instance.this
#     }
#     ```
#
#     If Terraform should only stop managing it, use a `removed` block with `destroy = false`.
#     If an attribute forces the replacement, keep its old value.
#   params:
#     types: "Types of resources that are guarded, in place of the default: a list, `*` stands for any characters. Default: databases, buckets, file systems, volumes, keys, secrets, registries and zones of AWS, and the databases, buckets and vaults of Google Cloud and Azure."
#     addresses: "Addresses that are guarded, whatever their type: a list, `*` stands for any characters, as in `module.production.*`. Default: none."
package runtask.rules.destroy_guard

import rego.v1

import data.runtask.plan
import data.runtask.plan.destroyed

deny contains finding if {
	some r in destroyed
	is_guarded(r)
	plan.is_delete(r)
	finding := {"msg": sprintf("Would be destroyed: %s (%s)", [r.address, reason(r)]), "address": r.address}
}

deny contains finding if {
	some r in destroyed
	is_guarded(r)
	plan.is_replace(r)
	finding := object.union(
		{"msg": sprintf("Would be replaced: %s (%s)", [r.address, reason(r)]), "address": r.address},
		{"attribute": path | some path in array.slice(forcing(r), 0, 1)},
	)
}

is_guarded(r) if plan.matches_any(guarded_types, r.type)

is_guarded(r) if plan.matches_any(guarded_addresses, r.address)

params := plan.params("destroy-guard")

default guarded_types := [
	"aws_backup_vault",
	"aws_cloudwatch_log_group",
	"aws_cognito_user_pool",
	"aws_db_instance",
	"aws_docdb_cluster",
	"aws_dynamodb_global_table",
	"aws_dynamodb_table",
	"aws_ebs_volume",
	"aws_ecr_repository",
	"aws_efs_file_system",
	"aws_elasticsearch_domain",
	"aws_fsx_lustre_file_system",
	"aws_fsx_ontap_volume",
	"aws_fsx_openzfs_volume",
	"aws_fsx_windows_file_system",
	"aws_kinesis_stream",
	"aws_kms_key",
	"aws_msk_cluster",
	"aws_neptune_cluster",
	"aws_opensearch_domain",
	"aws_rds_cluster",
	"aws_rds_global_cluster",
	"aws_redshift_cluster",
	"aws_route53_zone",
	"aws_s3_bucket",
	"aws_secretsmanager_secret",
	"azurerm_cosmosdb_account",
	"azurerm_key_vault",
	"azurerm_mssql_database",
	"azurerm_mysql_flexible_server",
	"azurerm_postgresql_flexible_server",
	"azurerm_storage_account",
	"google_bigquery_dataset",
	"google_bigquery_table",
	"google_kms_crypto_key",
	"google_spanner_instance",
	"google_sql_database_instance",
	"google_storage_bucket",
]

guarded_types := params.types if is_array(params.types)

guarded_addresses := plan.list(object.get(params, "addresses", []))

# The paths of the attributes that force a replacement.
forcing(r) := [path |
	some path in plan.list(object.get(r, "replace_paths", []))
	is_array(path)
]

reason(r) := sprintf("%s cannot be changed in place", [concat(", ", [dotted(path) | some path in forcing(r)])]) if {
	plan.is_replace(r)
	count(forcing(r)) > 0
} else := "an older, deposed object" if {
	plan.is_deposed(r)
} else := object.get(reasons, [object.get(r, "action_reason", "")], "Terraform does not say why")

dotted(path) := concat(".", [sprintf("%v", [step]) | some step in path])

# What Terraform's `action_reason` means.
reasons := {
	"delete_because_count_index": "its index is beyond `count`",
	"delete_because_each_key": "its key is no longer in `for_each`",
	"delete_because_no_module": "its module is no longer in the configuration",
	"delete_because_no_move_target": "it was moved to an address that is not in the configuration",
	"delete_because_no_resource_config": "it is no longer in the configuration",
	"delete_because_wrong_repetition": "`count` or `for_each` was added or taken away",
	"replace_because_cannot_update": "it cannot be changed in place",
	"replace_because_tainted": "it is tainted",
	"replace_by_request": "somebody asked for it with -replace",
	"replace_by_triggers": "`replace_triggered_by` asks for it",
}
