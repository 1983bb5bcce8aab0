package runtask.rules.unencrypted_storage_test

import rego.v1

import data.runtask.rules.unencrypted_storage
import data.runtask.testing

findings(resources) := found if {
	found := unencrypted_storage.deny with input as testing.plan(resources)
}

messages(resources) := {finding.msg | some finding in findings(resources)}

test_encrypted_storage_passes if {
	findings([
		testing.create("aws_ebs_volume.a", {"encrypted": true}),
		testing.create("aws_db_instance.b", {"storage_encrypted": true}),
		testing.create("aws_elasticache_replication_group.c", {"at_rest_encryption_enabled": "true"}),
		testing.create("aws_opensearch_domain.d", {"encrypt_at_rest": [{"enabled": true}]}),
		testing.create("aws_instance.e", {"root_block_device": [{"encrypted": true}], "ebs_block_device": [{"encrypted": true}]}),
		testing.create("aws_launch_template.f", {"block_device_mappings": [{"ebs": [{"encrypted": "true"}]}, {"virtual_name": "ephemeral0", "ebs": []}]}),
	]) == set()
}

test_storage_that_says_that_it_is_not_encrypted_is_a_finding if {
	every type, attribute in {"aws_ebs_volume": "encrypted", "aws_efs_file_system": "encrypted", "aws_redshift_cluster": "encrypted", "aws_db_instance": "storage_encrypted", "aws_rds_cluster": "storage_encrypted", "aws_docdb_cluster": "storage_encrypted", "aws_neptune_cluster": "storage_encrypted", "aws_elasticache_replication_group": "at_rest_encryption_enabled"} {
		every wrong in [false, "false"] {
			address := sprintf("%s.a", [type])
			findings([testing.create(address, {attribute: wrong, "engine": "aurora"})]) == {{"msg": sprintf("Unencrypted storage: %s", [address]), "address": address, "attribute": [attribute]}}
		}
	}
	every type in ["aws_opensearch_domain", "aws_elasticsearch_domain"] {
		some finding in findings([testing.create(sprintf("%s.a", [type]), {"encrypt_at_rest": [{"enabled": false}]})])
		finding.attribute == ["encrypt_at_rest", 0, "enabled"]
	}
}

test_storage_that_says_nothing_and_is_not_encrypted_then_is_less_severe if {
	every type in ["aws_db_instance", "aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster", "aws_efs_file_system", "aws_elasticache_replication_group", "aws_opensearch_domain"] {
		some finding in findings([testing.create(sprintf("%s.a", [type]), {"engine": "x"})])
		finding.msg == sprintf("Unencrypted storage: %s.a", [type])
		finding.severity == "medium"
	}
}

test_storage_that_aws_encrypts_by_itself_may_say_nothing if {
	findings([
		testing.create("aws_redshift_cluster.a", {}),
		testing.create("aws_rds_cluster.b", {"engine": "aurora-postgresql"}),
		testing.create("aws_elasticache_replication_group.c", {"engine": "valkey"}),
		testing.create("aws_s3_bucket.d", {}),
		testing.create("aws_dynamodb_table.e", {}),
	]) == set()
}

test_a_copy_may_say_nothing if {
	findings([
		testing.create("aws_db_instance.a", {"replicate_source_db": "x"}),
		testing.create("aws_db_instance.b", {"snapshot_identifier": "x"}),
		testing.create("aws_rds_cluster.c", {"engine": "mysql", "restore_to_point_in_time": [{"source_cluster_identifier": "x"}]}),
		testing.create_unknown("aws_db_instance.d", {}, {"replicate_source_db": true}),
	]) == set()
	count(findings([testing.create("aws_db_instance.e", {"replicate_source_db": "x", "storage_encrypted": false})])) == 1
	count(findings([testing.create("aws_db_instance.f", {"replicate_source_db": "", "snapshot_identifier": null, "restore_to_point_in_time": []})])) == 1
}

test_volumes_are_left_to_the_account if {
	findings([testing.create("aws_ebs_volume.a", {})]) == {{"msg": "Encryption is left to the account's default: aws_ebs_volume.a", "address": "aws_ebs_volume.a", "attribute": ["encrypted"], "severity": "medium"}}
	messages([
		testing.create("aws_instance.b", {}),
		testing.create("aws_instance.c", {"root_block_device": [{"encrypted": true}], "ebs_block_device": [{"device_name": "/dev/sdb"}, {"device_name": "/dev/sdc", "no_device": true}]}),
		testing.create("aws_launch_configuration.d", {"root_block_device": [{"encrypted": false}]}),
		testing.create("aws_launch_template.e", {"block_device_mappings": [{"device_name": "/dev/sda1", "ebs": [{"encrypted": ""}]}, {"device_name": "/dev/sdb", "ebs": [{"encrypted": null}]}]}),
	]) == {
		"Encryption is left to the account's default: aws_instance.b (root volume)",
		"Encryption is left to the account's default: aws_instance.c (/dev/sdb)",
		"Unencrypted storage: aws_launch_configuration.d (root volume)",
		"Encryption is left to the account's default: aws_launch_template.e (/dev/sda1)",
		"Encryption is left to the account's default: aws_launch_template.e (/dev/sdb)",
	}
}

test_an_account_that_encrypts_by_default_needs_no_attribute if {
	resources := testing.plan([testing.create("aws_ebs_volume.a", {}), testing.create("aws_instance.b", {}), testing.create("aws_ebs_volume.c", {"encrypted": false})])
	found := unencrypted_storage.deny with input as resources with data.params as {"unencrypted-storage": {"ebs_by_default": true}}
	{finding.address | some finding in found} == {"aws_ebs_volume.c"}
}

with_params(params, resources) := {finding.msg | some finding in found} if {
	found := unencrypted_storage.deny with input as testing.plan(resources) with data.params as {"unencrypted-storage": params}
}

test_wrong_parameters_are_findings_and_the_default if {
	left_out := "Encryption is left to the account's default: aws_ebs_volume.a"
	resources := [testing.create("aws_ebs_volume.a", {})]
	every value in ["true", null, 1, [true]] {
		with_params({"ebs_by_default": value}, resources) == {left_out, "The parameter ebs_by_default of unencrypted-storage must be true or false"}
	}
	with_params({"ebs-by-default": true}, resources) == {left_out, "unencrypted-storage has no parameter ebs-by-default: it has ebs_by_default"}
	with_params(true, resources) == {left_out, "The parameters of unencrypted-storage must be an object: it has ebs_by_default"}
	with_params({"ebs_by_default": false}, resources) == {left_out}
}

test_what_is_deleted_or_left_alone_passes if {
	findings([testing.delete("aws_ebs_volume.a", {"encrypted": false}), testing.no_op("aws_ebs_volume.b", {"encrypted": false})]) == set()
	count(findings([testing.update("aws_ebs_volume.c", {}, {"encrypted": false})])) == 1
}

test_modules_and_keys_are_in_the_message if {
	messages([testing.create(`module.a["x"].aws_ebs_volume.b[0]`, {"encrypted": false})]) == {`Unencrypted storage: module.a["x"].aws_ebs_volume.b[0]`}
}

test_what_is_unknown_is_said_to_be_unknown if {
	unknown := {[finding.address, finding.attribute] |
		some finding in findings([
			testing.create_unknown("aws_ebs_volume.a", {}, {"encrypted": true}),
			testing.create_unknown("aws_db_instance.b", {}, {"storage_encrypted": true}),
			testing.create_unknown("aws_instance.c", {"root_block_device": [{}]}, {"root_block_device": [{"encrypted": true}]}),
		])
		finding.unknown
	}
	unknown == {["aws_ebs_volume.a", ["encrypted"]], ["aws_db_instance.b", ["storage_encrypted"]], ["aws_instance.c", ["root_block_device", 0, "encrypted"]]}
}

test_what_nobody_sets_is_not_unknown_but_left_out if {
	volume := testing.create_unknown("aws_ebs_volume.a", {}, {"encrypted": true})
	instance := testing.create_unknown("aws_instance.b", {}, {"root_block_device": true})
	found := unencrypted_storage.deny with input as testing.plan_with_configuration([volume, instance], {"aws_ebs_volume.a": {"size": {}}, "aws_instance.b": {"ami": {}}})
	{finding.msg | some finding in found} == {"Encryption is left to the account's default: aws_ebs_volume.a", "Encryption is left to the account's default: aws_instance.b (root volume)"}
}

test_odd_shapes_are_no_error if {
	every type, names in {"aws_ebs_volume": ["encrypted"], "aws_db_instance": ["storage_encrypted", "snapshot_identifier"], "aws_opensearch_domain": ["encrypt_at_rest"], "aws_instance": ["root_block_device", "ebs_block_device"], "aws_launch_template": ["block_device_mappings"], "aws_rds_cluster": ["engine"], "aws_elasticache_replication_group": ["engine"]} {
		every finding in findings(testing.odd(type, names)) {
			contains(finding.msg, "x.y")
		}
	}
}

test_only_clusters_of_aurora_are_encrypted_by_default if {
	every address in ["aws_db_instance.a", "aws_neptune_cluster.a", "aws_docdb_cluster.a"] {
		count(findings([testing.create(address, {"engine": "aurora-mysql"})])) == 1
		count(findings([testing.create(address, {"engine": "valkey"})])) == 1
	}
}
