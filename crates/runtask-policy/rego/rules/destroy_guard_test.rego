package runtask.rules.destroy_guard_test

import rego.v1

import data.runtask.rules.destroy_guard
import data.runtask.testing

findings(params, resources) := found if {
	found := destroy_guard.deny with input as testing.plan(resources) with data.params as {"destroy-guard": params}
}

messages(params, resources) := {finding.msg | some finding in findings(params, resources)}

replacement := object.union(testing.replace("aws_db_instance.a", {"engine": "x"}, {"engine": "y"}), {"action_reason": "replace_because_cannot_update", "replace_paths": [["engine"], ["blocks", 0, "size"]]})

test_what_stays_passes if {
	findings({}, [
		testing.create("aws_db_instance.a", {}),
		testing.update("aws_db_instance.b", {}, {}),
		testing.no_op("aws_db_instance.c", {}),
		testing.resource("aws_db_instance.d", {"actions": ["forget"], "before": {}, "after": null}),
		testing.resource("aws_db_instance.e", {"actions": ["create", "forget"], "before": {}, "after": {}}),
		testing.resource("data.aws_db_instance.f", {"actions": ["read"], "after": {}}),
	]) == set()
}

test_destroying_what_holds_data_is_a_finding if {
	findings({}, [object.union(testing.delete("aws_db_instance.a", {}), {"action_reason": "delete_because_no_resource_config"})]) == {{"msg": "Would be destroyed: aws_db_instance.a (it is no longer in the configuration)", "address": "aws_db_instance.a"}}
}

test_replacing_it_is_a_finding_that_names_the_attributes if {
	findings({}, [replacement]) == {{"msg": "Would be replaced: aws_db_instance.a (engine, blocks.0.size cannot be changed in place)", "address": "aws_db_instance.a", "attribute": ["engine"]}}
}

test_creating_before_destroying_destroys_too if {
	messages({}, [testing.resource("aws_s3_bucket.a", {"actions": ["create", "delete"], "before": {}, "after": {}})]) == {"Would be replaced: aws_s3_bucket.a (Terraform does not say why)"}
}

test_other_reasons_are_said if {
	messages({}, [
		object.union(testing.replace("aws_kms_key.a", {}, {}), {"action_reason": "replace_because_tainted"}),
		object.union(testing.delete("aws_kms_key.b", {}), {"deposed": "12ab34cd"}),
		object.union(testing.delete("aws_kms_key.c", {}), {"action_reason": "something new"}),
	]) == {"Would be replaced: aws_kms_key.a (it is tainted)", "Would be destroyed: aws_kms_key.b (an older, deposed object)", "Would be destroyed: aws_kms_key.c (Terraform does not say why)"}
}

test_what_holds_no_data_passes if {
	findings({}, [testing.delete("aws_iam_role.a", {}), testing.replace("aws_instance.b", {}, {})]) == set()
}

test_types_replace_the_default if {
	resources := [testing.delete("aws_instance.a", {}), testing.delete("aws_db_instance.b", {}), testing.delete("azurerm_x.c", {})]
	messages({"types": ["aws_instance", "azurerm_*"]}, resources) == {"Would be destroyed: aws_instance.a (Terraform does not say why)", "Would be destroyed: azurerm_x.c (Terraform does not say why)"}
	findings({"types": [], "addresses": ["x.*"]}, resources) == set()
}

test_addresses_are_guarded_whatever_their_type if {
	resources := [testing.delete(`module.production["eu"].aws_instance.a[0]`, {}), testing.delete("module.test.aws_instance.a", {}), testing.delete("aws_instance.single", {})]
	messages({"addresses": ["module.production*", "aws_instance.single"]}, resources) == {`Would be destroyed: module.production["eu"].aws_instance.a[0] (Terraform does not say why)`, "Would be destroyed: aws_instance.single (Terraform does not say why)"}
}

test_addresses_may_add_a_type_to_the_default if {
	resources := [testing.delete("aws_sqs_queue.a", {}), testing.delete("module.b[0].aws_sqs_queue.c", {}), testing.delete("aws_sqs_queue_policy.d", {}), testing.delete("aws_db_instance.e", {})]
	{finding.address | some finding in findings({"addresses": ["*aws_sqs_queue.*"]}, resources)} == {"aws_sqs_queue.a", "module.b[0].aws_sqs_queue.c", "aws_db_instance.e"}
}

test_unknown_values_do_not_matter if {
	r := testing.resource("aws_db_instance.a", {"actions": ["delete", "create"], "before": {}, "after": {}, "after_unknown": {"arn": true}})
	count(findings({}, [r])) == 1
}

test_wrong_parameters_are_findings_and_guard_the_default if {
	guarded := "Would be destroyed: aws_db_instance.a (Terraform does not say why)"
	resources := [testing.delete("aws_db_instance.a", {})]
	messages(7, resources) == {guarded, "The parameters of destroy-guard must be an object: it has addresses, types"}
	messages({"types": 7, "addresses": "text"}, resources) == {guarded, "The parameter types of destroy-guard must be a list of texts", "The parameter addresses of destroy-guard must be a list of texts"}
	messages({"type": ["aws_instance"]}, resources) == {guarded, "destroy-guard has no parameter type: it has addresses, types"}
	messages({"types": [5]}, resources) == {"The parameter types of destroy-guard must be a list of texts"}
	messages({"types": [null, "aws_db_*"], "addresses": [7, {}]}, resources) == {guarded, "The parameter types of destroy-guard must be a list of texts", "The parameter addresses of destroy-guard must be a list of texts"}
}

test_guarding_nothing_is_a_finding_and_not_a_pass if {
	nothing := {{"msg": "destroy-guard guards nothing: its parameter types is empty, and it has no addresses"}}
	findings({"types": []}, []) == nothing
	findings({"types": [], "addresses": []}, [testing.delete("aws_db_instance.a", {})]) == nothing
}

test_odd_shapes_are_no_error if {
	messages({}, testing.odd("aws_db_instance", ["x"])) == {"Would be destroyed: x.y (Terraform does not say why)"}
	every paths in [null, 7, "text", [7], ["text"], [[]], [[null, {}]], {}] {
		count(findings({}, [object.union(testing.replace("aws_db_instance.a", {}, {}), {"replace_paths": paths, "action_reason": paths})])) == 1
	}
}

test_databases_buckets_disks_and_keys_are_guarded_by_default if {
	every type in ["aws_db_instance", "aws_rds_cluster", "aws_rds_global_cluster", "aws_docdb_cluster", "aws_neptune_cluster", "aws_redshift_cluster", "aws_dynamodb_table", "aws_s3_bucket", "aws_ebs_volume", "aws_efs_file_system", "aws_fsx_windows_file_system", "aws_kms_key", "aws_secretsmanager_secret", "aws_ecr_repository", "aws_route53_zone", "aws_opensearch_domain", "aws_backup_vault", "aws_cloudwatch_log_group", "aws_cognito_user_pool", "aws_kinesis_stream", "aws_msk_cluster", "google_sql_database_instance", "google_storage_bucket", "azurerm_mssql_database", "azurerm_storage_account", "azurerm_key_vault", "aws_fsx_openzfs_file_system", "aws_fsx_ontap_file_system", "aws_elasticache_replication_group", "aws_elasticache_serverless_cache", "aws_memorydb_cluster", "aws_docdbelastic_cluster", "aws_redshiftserverless_namespace", "aws_dsql_cluster", "aws_keyspaces_table", "aws_timestreamwrite_table", "aws_timestreaminfluxdb_db_instance", "aws_lightsail_database", "aws_s3_directory_bucket", "aws_s3tables_table_bucket", "aws_kms_external_key", "aws_kms_replica_key", "aws_ecrpublic_repository", "google_sql_database", "google_spanner_database", "google_secret_manager_secret", "google_compute_disk", "google_dns_managed_zone", "azurerm_managed_disk", "azurerm_cosmosdb_sql_container", "azurerm_key_vault_secret", "azurerm_container_registry", "azurerm_dns_zone"] {
		count(findings({}, [testing.delete(sprintf("%s.a", [type]), {})])) == 1
	}
}
