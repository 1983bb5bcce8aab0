# METADATA
# title: Databases are not reachable from the Internet
# description: |
#   A database with a public address is one security group, or one password, away from everybody.
#
#   `publicly_accessible` must not be true on `aws_db_instance`, `aws_rds_cluster_instance`, `aws_rds_shard_group`, `aws_redshift_cluster`, `aws_redshiftserverless_workgroup`, `aws_neptune_cluster_instance`, `aws_docdb_cluster_instance`, `aws_dms_replication_instance`, `aws_timestreaminfluxdb_db_instance` and `aws_lightsail_database`.
#   Left out, it is judged by the default that the plan shows: old versions of the AWS provider make a Redshift cluster public unless told otherwise.
#
#   Only what the plan creates, replaces or updates is judged.
#   Not seen: routes, security groups and proxies that make a private database reachable.
# scope: package
# related_resources:
#   - ref: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
#     description: Working with a DB instance in a VPC
#   - ref: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance
#     description: aws_db_instance
# custom:
#   code: public-database
#   severity: high
#   unknown: absent
#   fix: |
#     ```hcl
#     resource "aws_db_instance" "orders" {
#       # …
#       publicly_accessible = false
#     }
#     ```
#
#     Reach it through a VPN, a bastion, or Session Manager's port forwarding.
package runtask.rules.public_database

import rego.v1

import data.runtask.plan

deny contains finding if {
	some r in databases
	r.change.after.publicly_accessible == true
	finding := plan.finding(r, ["publicly_accessible"], sprintf("Public database: %s", [r.address]))
}

deny contains finding if {
	some r in databases
	r.change.after_unknown.publicly_accessible == true
	not plan.is_unset(r, ["publicly_accessible"])
	finding := plan.unknown_finding(r, ["publicly_accessible"], "the database is public")
}

databases := [r |
	some type in [
		"aws_db_instance",
		"aws_dms_replication_instance",
		"aws_docdb_cluster_instance",
		"aws_lightsail_database",
		"aws_neptune_cluster_instance",
		"aws_rds_cluster_instance",
		"aws_rds_shard_group",
		"aws_redshift_cluster",
		"aws_redshiftserverless_workgroup",
		"aws_timestreaminfluxdb_db_instance",
	]
	some r in plan.touched_of(type)
]
