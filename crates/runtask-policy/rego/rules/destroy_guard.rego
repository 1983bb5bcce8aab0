# METADATA
# title: What holds data is not destroyed
# description: |
#   A plan that destroys or replaces a database, a bucket or a key deletes what is in it, and the line that says so is easy to miss.
#
#   Destroying and replacing are findings for resources of the guarded types, and for the guarded addresses, whatever their type.
#   The message says which attribute forces a replacement, or why Terraform would destroy the resource.
#   Where it is meant, write an exception for the address into the settings, with a reason and a date at which it ends.
#
#   Unless parameters say otherwise, guarded are
#
#   - databases, search and caches: `aws_cloudsearch_domain`, `aws_db_instance`, `aws_docdb_cluster`, `aws_docdb_global_cluster`, `aws_docdbelastic_cluster`, `aws_dsql_cluster`, `aws_dynamodb_global_table`, `aws_dynamodb_table`, `aws_elasticache_cluster`, `aws_elasticache_replication_group`, `aws_elasticache_serverless_cache`, `aws_elasticsearch_domain`, `aws_finspace_kx_database`, `aws_kendra_index`, `aws_keyspaces_keyspace`, `aws_keyspaces_table`, `aws_lightsail_database`, `aws_memorydb_cluster`, `aws_memorydb_multi_region_cluster`, `aws_neptune_cluster`, `aws_neptune_global_cluster`, `aws_neptunegraph_graph`, `aws_opensearch_domain`, `aws_opensearchserverless_collection`, `aws_qldb_ledger`, `aws_rds_cluster`, `aws_rds_global_cluster`, `aws_rds_shard_group`, `aws_redshift_cluster`, `aws_redshiftserverless_namespace`, `aws_simpledb_domain`, `aws_timestreaminfluxdb_db_cluster`, `aws_timestreaminfluxdb_db_instance`, `aws_timestreamwrite_database`, `aws_timestreamwrite_table`, `google_alloydb_cluster`, `google_bigquery_dataset`, `google_bigquery_table`, `google_bigtable_instance`, `google_bigtable_table`, `google_firestore_database`, `google_memorystore_instance`, `google_oracle_database_autonomous_database`, `google_redis_cluster`, `google_redis_instance`, `google_spanner_database`, `google_spanner_instance`, `google_sql_database`, `google_sql_database_instance`, `azurerm_cosmosdb_account`, `azurerm_cosmosdb_cassandra_keyspace`, `azurerm_cosmosdb_cassandra_table`, `azurerm_cosmosdb_gremlin_database`, `azurerm_cosmosdb_gremlin_graph`, `azurerm_cosmosdb_mongo_collection`, `azurerm_cosmosdb_mongo_database`, `azurerm_cosmosdb_postgresql_cluster`, `azurerm_cosmosdb_sql_container`, `azurerm_cosmosdb_sql_database`, `azurerm_cosmosdb_table`, `azurerm_kusto_cluster`, `azurerm_kusto_database`, `azurerm_managed_redis`, `azurerm_mariadb_database`, `azurerm_mariadb_server`, `azurerm_mongo_cluster`, `azurerm_mssql_database`, `azurerm_mssql_managed_database`, `azurerm_mssql_managed_instance`, `azurerm_mssql_server`, `azurerm_mysql_database`, `azurerm_mysql_flexible_database`, `azurerm_mysql_flexible_server`, `azurerm_mysql_server`, `azurerm_postgresql_database`, `azurerm_postgresql_flexible_server`, `azurerm_postgresql_flexible_server_database`, `azurerm_postgresql_server`, `azurerm_redis_cache`, `azurerm_redis_enterprise_cluster`, `azurerm_redis_enterprise_database`, `azurerm_search_service`, `azurerm_synapse_sql_pool`, `azurerm_synapse_workspace`.
#   - buckets: `aws_lightsail_bucket`, `aws_media_store_container`, `aws_s3_bucket`, `aws_s3_directory_bucket`, `aws_s3control_bucket`, `aws_s3tables_table`, `aws_s3tables_table_bucket`, `aws_s3vectors_vector_bucket`, `google_storage_bucket`, `azurerm_storage_account`, `azurerm_storage_container`, `azurerm_storage_data_lake_gen2_filesystem`, `azurerm_storage_table`.
#   - file systems and volumes: `aws_ebs_volume`, `aws_efs_file_system`, `aws_finspace_kx_volume`, `aws_fsx_lustre_file_system`, `aws_fsx_ontap_file_system`, `aws_fsx_ontap_volume`, `aws_fsx_openzfs_file_system`, `aws_fsx_openzfs_volume`, `aws_fsx_windows_file_system`, `aws_lightsail_disk`, `aws_storagegateway_cached_iscsi_volume`, `aws_storagegateway_stored_iscsi_volume`, `google_compute_disk`, `google_compute_region_disk`, `google_filestore_instance`, `google_lustre_instance`, `google_netapp_volume`, `google_parallelstore_instance`, `azurerm_elastic_san`, `azurerm_elastic_san_volume`, `azurerm_managed_disk`, `azurerm_managed_lustre_file_system`, `azurerm_netapp_volume`, `azurerm_storage_share`.
#   - keys and secrets: `aws_cloudhsm_v2_cluster`, `aws_kms_external_key`, `aws_kms_key`, `aws_kms_replica_external_key`, `aws_kms_replica_key`, `aws_paymentcryptography_key`, `aws_secretsmanager_secret`, `google_kms_crypto_key`, `google_secret_manager_regional_secret`, `google_secret_manager_secret`, `azurerm_key_vault`, `azurerm_key_vault_certificate`, `azurerm_key_vault_key`, `azurerm_key_vault_managed_hardware_security_module`, `azurerm_key_vault_secret`.
#   - registries and repositories: `aws_codeartifact_domain`, `aws_codeartifact_repository`, `aws_codecommit_repository`, `aws_ecr_repository`, `aws_ecrpublic_repository`, `google_artifact_registry_repository`, `google_sourcerepo_repository`, `azurerm_container_registry`.
#   - logs, metrics and streams: `aws_cloudtrail_event_data_store`, `aws_cloudwatch_log_group`, `aws_kinesis_stream`, `aws_kinesis_video_stream`, `aws_msk_cluster`, `aws_msk_serverless_cluster`, `aws_prometheus_workspace`, `google_logging_project_bucket_config`, `google_managed_kafka_cluster`, `azurerm_eventhub`, `azurerm_eventhub_namespace`, `azurerm_log_analytics_workspace`.
#   - vaults of backups: `aws_backup_logically_air_gapped_vault`, `aws_backup_vault`, `aws_glacier_vault`, `google_backup_dr_backup_vault`, `azurerm_data_protection_backup_vault`, `azurerm_recovery_services_vault`.
#   - zones, domains and directories of users: `aws_cognito_user_pool`, `aws_directory_service_directory`, `aws_route53_zone`, `aws_route53domains_domain`, `google_dns_managed_zone`, `azurerm_dns_zone`, `azurerm_private_dns_zone`.
#
#   What can be made again is not in the list, as machines and networks are, and neither are snapshots and queues.
#   The parameter `addresses` guards more: `*aws_sqs_queue.*` is every queue, in whatever module.
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
#   unknown: absent
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
#     types: "Types of resources that are guarded, in place of the default: a list, `*` stands for any characters. Default: the list above."
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

# A rule that is set up wrong must not look like one that passed.
deny contains finding if some finding in plan.wrong_params("destroy-guard", {"addresses": "texts", "types": "texts"})

deny contains {"msg": "destroy-guard guards nothing: its parameter types is empty, and it has no addresses"} if {
	params.types == []
	count(guarded_addresses) == 0
}

is_guarded(r) if {
	r.type in default_types
	not has_types
}

is_guarded(r) if plan.matches_any(guarded_types, r.type)

is_guarded(r) if plan.matches_any(guarded_addresses, r.address)

params := plan.params("destroy-guard")

has_types if is_array(params.types)

guarded_types := plan.list(object.get(params, "types", []))

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

# The description names them too, by what they hold: a type belongs into both lists.
default_types := {
	"aws_backup_logically_air_gapped_vault",
	"aws_backup_vault",
	"aws_cloudhsm_v2_cluster",
	"aws_cloudsearch_domain",
	"aws_cloudtrail_event_data_store",
	"aws_cloudwatch_log_group",
	"aws_codeartifact_domain",
	"aws_codeartifact_repository",
	"aws_codecommit_repository",
	"aws_cognito_user_pool",
	"aws_db_instance",
	"aws_directory_service_directory",
	"aws_docdb_cluster",
	"aws_docdb_global_cluster",
	"aws_docdbelastic_cluster",
	"aws_dsql_cluster",
	"aws_dynamodb_global_table",
	"aws_dynamodb_table",
	"aws_ebs_volume",
	"aws_ecr_repository",
	"aws_ecrpublic_repository",
	"aws_efs_file_system",
	"aws_elasticache_cluster",
	"aws_elasticache_replication_group",
	"aws_elasticache_serverless_cache",
	"aws_elasticsearch_domain",
	"aws_finspace_kx_database",
	"aws_finspace_kx_volume",
	"aws_fsx_lustre_file_system",
	"aws_fsx_ontap_file_system",
	"aws_fsx_ontap_volume",
	"aws_fsx_openzfs_file_system",
	"aws_fsx_openzfs_volume",
	"aws_fsx_windows_file_system",
	"aws_glacier_vault",
	"aws_kendra_index",
	"aws_keyspaces_keyspace",
	"aws_keyspaces_table",
	"aws_kinesis_stream",
	"aws_kinesis_video_stream",
	"aws_kms_external_key",
	"aws_kms_key",
	"aws_kms_replica_external_key",
	"aws_kms_replica_key",
	"aws_lightsail_bucket",
	"aws_lightsail_database",
	"aws_lightsail_disk",
	"aws_media_store_container",
	"aws_memorydb_cluster",
	"aws_memorydb_multi_region_cluster",
	"aws_msk_cluster",
	"aws_msk_serverless_cluster",
	"aws_neptune_cluster",
	"aws_neptune_global_cluster",
	"aws_neptunegraph_graph",
	"aws_opensearch_domain",
	"aws_opensearchserverless_collection",
	"aws_paymentcryptography_key",
	"aws_prometheus_workspace",
	"aws_qldb_ledger",
	"aws_rds_cluster",
	"aws_rds_global_cluster",
	"aws_rds_shard_group",
	"aws_redshift_cluster",
	"aws_redshiftserverless_namespace",
	"aws_route53_zone",
	"aws_route53domains_domain",
	"aws_s3_bucket",
	"aws_s3_directory_bucket",
	"aws_s3control_bucket",
	"aws_s3tables_table",
	"aws_s3tables_table_bucket",
	"aws_s3vectors_vector_bucket",
	"aws_secretsmanager_secret",
	"aws_simpledb_domain",
	"aws_storagegateway_cached_iscsi_volume",
	"aws_storagegateway_stored_iscsi_volume",
	"aws_timestreaminfluxdb_db_cluster",
	"aws_timestreaminfluxdb_db_instance",
	"aws_timestreamwrite_database",
	"aws_timestreamwrite_table",
	"azurerm_container_registry",
	"azurerm_cosmosdb_account",
	"azurerm_cosmosdb_cassandra_keyspace",
	"azurerm_cosmosdb_cassandra_table",
	"azurerm_cosmosdb_gremlin_database",
	"azurerm_cosmosdb_gremlin_graph",
	"azurerm_cosmosdb_mongo_collection",
	"azurerm_cosmosdb_mongo_database",
	"azurerm_cosmosdb_postgresql_cluster",
	"azurerm_cosmosdb_sql_container",
	"azurerm_cosmosdb_sql_database",
	"azurerm_cosmosdb_table",
	"azurerm_data_protection_backup_vault",
	"azurerm_dns_zone",
	"azurerm_elastic_san",
	"azurerm_elastic_san_volume",
	"azurerm_eventhub",
	"azurerm_eventhub_namespace",
	"azurerm_key_vault",
	"azurerm_key_vault_certificate",
	"azurerm_key_vault_key",
	"azurerm_key_vault_managed_hardware_security_module",
	"azurerm_key_vault_secret",
	"azurerm_kusto_cluster",
	"azurerm_kusto_database",
	"azurerm_log_analytics_workspace",
	"azurerm_managed_disk",
	"azurerm_managed_lustre_file_system",
	"azurerm_managed_redis",
	"azurerm_mariadb_database",
	"azurerm_mariadb_server",
	"azurerm_mongo_cluster",
	"azurerm_mssql_database",
	"azurerm_mssql_managed_database",
	"azurerm_mssql_managed_instance",
	"azurerm_mssql_server",
	"azurerm_mysql_database",
	"azurerm_mysql_flexible_database",
	"azurerm_mysql_flexible_server",
	"azurerm_mysql_server",
	"azurerm_netapp_volume",
	"azurerm_postgresql_database",
	"azurerm_postgresql_flexible_server",
	"azurerm_postgresql_flexible_server_database",
	"azurerm_postgresql_server",
	"azurerm_private_dns_zone",
	"azurerm_recovery_services_vault",
	"azurerm_redis_cache",
	"azurerm_redis_enterprise_cluster",
	"azurerm_redis_enterprise_database",
	"azurerm_search_service",
	"azurerm_storage_account",
	"azurerm_storage_container",
	"azurerm_storage_data_lake_gen2_filesystem",
	"azurerm_storage_share",
	"azurerm_storage_table",
	"azurerm_synapse_sql_pool",
	"azurerm_synapse_workspace",
	"google_alloydb_cluster",
	"google_artifact_registry_repository",
	"google_backup_dr_backup_vault",
	"google_bigquery_dataset",
	"google_bigquery_table",
	"google_bigtable_instance",
	"google_bigtable_table",
	"google_compute_disk",
	"google_compute_region_disk",
	"google_dns_managed_zone",
	"google_filestore_instance",
	"google_firestore_database",
	"google_kms_crypto_key",
	"google_logging_project_bucket_config",
	"google_lustre_instance",
	"google_managed_kafka_cluster",
	"google_memorystore_instance",
	"google_netapp_volume",
	"google_oracle_database_autonomous_database",
	"google_parallelstore_instance",
	"google_redis_cluster",
	"google_redis_instance",
	"google_secret_manager_regional_secret",
	"google_secret_manager_secret",
	"google_sourcerepo_repository",
	"google_spanner_database",
	"google_spanner_instance",
	"google_sql_database",
	"google_sql_database_instance",
	"google_storage_bucket",
}
