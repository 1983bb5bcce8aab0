package runtask.rules.public_database_test

import rego.v1

import data.runtask.rules.public_database
import data.runtask.testing

findings(resources) := found if {
	found := public_database.deny with input as testing.plan(resources)
}

types := ["aws_db_instance", "aws_dms_replication_instance", "aws_docdb_cluster_instance", "aws_lightsail_database", "aws_neptune_cluster_instance", "aws_rds_cluster_instance", "aws_rds_shard_group", "aws_redshift_cluster", "aws_redshiftserverless_workgroup", "aws_timestreaminfluxdb_db_instance"]

test_private_databases_pass if {
	every type in types {
		findings([testing.create(sprintf("%s.a", [type]), {"publicly_accessible": false}), testing.create(sprintf("%s.b", [type]), {})]) == set()
	}
}

test_public_databases_of_every_kind_are_findings if {
	every type in types {
		address := sprintf("%s.a", [type])
		findings([testing.create(address, {"publicly_accessible": true})]) == {{"msg": sprintf("Public database: %s", [address]), "address": address, "attribute": ["publicly_accessible"]}}
	}
}

test_updates_are_judged if {
	count(findings([testing.update("aws_db_instance.a", {"publicly_accessible": false}, {"publicly_accessible": true})])) == 1
}

test_what_is_deleted_or_left_alone_passes if {
	findings([testing.delete("aws_db_instance.a", {"publicly_accessible": true}), testing.no_op("aws_db_instance.b", {"publicly_accessible": true})]) == set()
}

test_modules_and_keys_are_in_the_message if {
	some finding in findings([testing.create(`module.a[0].aws_db_instance.b["c"]`, {"publicly_accessible": true})])
	finding.msg == `Public database: module.a[0].aws_db_instance.b["c"]`
}

test_what_is_unknown_is_said_to_be_unknown if {
	some finding in findings([testing.create_unknown("aws_db_instance.a", {}, {"publicly_accessible": true})])
	finding == {"msg": "Cannot say before apply whether the database is public: aws_db_instance.a", "address": "aws_db_instance.a", "attribute": ["publicly_accessible"], "unknown": true}
}

test_what_the_provider_fills_in_is_not_unknown if {
	r := testing.create_unknown("aws_rds_cluster_instance.a", {}, {"publicly_accessible": true})
	public_database.deny == set() with input as testing.plan_with_configuration([r], {"aws_rds_cluster_instance.a": {"engine": {}}})
}

test_odd_shapes_are_no_error_and_no_finding if {
	findings(testing.odd("aws_db_instance", ["publicly_accessible"])) == set()
}
