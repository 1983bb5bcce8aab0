# METADATA
# title: Storage is encrypted at rest
# description: |
#   What is encrypted at rest cannot be read from a lost disk, a shared snapshot or a copy.
#
#   S3, DynamoDB and most other stores of AWS encrypt everything by themselves and are not looked at; Redshift only where it says that it does not.
#   These do not, or not always:
#
#   | resource | attribute | where it is left out |
#   | --- | --- | --- |
#   | `aws_ebs_volume`, and block devices of `aws_instance`, `aws_launch_template` and `aws_launch_configuration` | `encrypted` | the account's setting for the region decides, which is off unless somebody turned it on: a finding of medium severity, or none with the parameter `ebs_by_default` |
#   | `aws_db_instance`, `aws_rds_cluster`, `aws_docdb_cluster`, `aws_neptune_cluster` | `storage_encrypted` | a finding: say what you want. Not for a copy (of a snapshot, of another cluster), which is as encrypted as what it was made from, and not for Aurora, which has encrypted new clusters since February 2026 |
#   | `aws_efs_file_system` | `encrypted` | a finding: it is not encrypted |
#   | `aws_elasticache_replication_group` | `at_rest_encryption_enabled` | a finding, unless the engine is Valkey |
#   | `aws_opensearch_domain`, `aws_elasticsearch_domain` | `encrypt_at_rest` | a finding |
#   | `aws_redshift_cluster` | `encrypted` | none: AWS encrypts new clusters |
#
#   Only what the plan creates, replaces or updates is judged.
#   Not seen: volumes that an image brings along and that the configuration does not name (the root volume apart), which key is used, and encryption on the way.
# scope: package
# related_resources:
#   - ref: https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
#     description: Enable Amazon EBS encryption by default
#   - ref: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html
#     description: Encrypting Amazon RDS resources
#   - ref: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.html
#     description: Encrypting Amazon Aurora resources
#   - ref: https://docs.aws.amazon.com/efs/latest/ug/encryption-at-rest.html
#     description: Encrypting data at rest in Amazon EFS
# custom:
#   code: unencrypted-storage
#   severity: high
#   unknown: absent
#   fix: |
#     ```hcl
#     resource "aws_ebs_volume" "data" {
#       # …
#       encrypted = true
#     }
#
#     # or, for every new volume of the account in this region:
#     resource "aws_ebs_encryption_by_default" "this" {
#       enabled = true
#     }
#     ```
#
#     Encryption cannot be turned on for a store that exists: it is replaced, or restored from an encrypted copy of its snapshot.
#   params:
#     ebs_by_default: "true if your accounts encrypt EBS volumes by default: `encrypted` may then be left out. Default: false."
package runtask.rules.unencrypted_storage

import rego.v1

import data.runtask.plan

deny contains finding if {
	some [r, path, encrypted] in array.concat(stores, devices)
	encrypted in {false, "false"}
	finding := plan.finding(r, path, sprintf("Unencrypted storage: %s%s", [r.address, device(r, path)]))
}

deny contains finding if {
	some [r, path, encrypted] in stores
	encrypted == null
	not is_encrypted_by_default(r)
	not is_copy(r)
	finding := {"msg": sprintf("Unencrypted storage: %s", [r.address]), "address": r.address, "attribute": path, "severity": "medium"}
}

deny contains finding if {
	not ebs_by_default
	some [r, path, encrypted] in devices
	encrypted == null
	not is_virtual(r, path)
	finding := {
		"msg": sprintf("Encryption is left to the account's default: %s%s", [r.address, device(r, path)]),
		"address": r.address,
		"attribute": path,
		"severity": "medium",
	}
}

deny contains finding if {
	some [r, path, encrypted] in array.concat(stores, devices)
	encrypted == "unknown"
	finding := plan.unknown_finding(r, path, "the storage is encrypted")
}

# A rule that is set up wrong must not look like one that passed.
deny contains finding if some finding in plan.wrong_params("unencrypted-storage", {"ebs_by_default": "boolean"})

# The attribute that says whether a store is encrypted.
attributes := {
	"aws_db_instance": ["storage_encrypted"],
	"aws_docdb_cluster": ["storage_encrypted"],
	"aws_efs_file_system": ["encrypted"],
	"aws_elasticache_replication_group": ["at_rest_encryption_enabled"],
	"aws_elasticsearch_domain": ["encrypt_at_rest", 0, "enabled"],
	"aws_neptune_cluster": ["storage_encrypted"],
	"aws_opensearch_domain": ["encrypt_at_rest", 0, "enabled"],
	"aws_rds_cluster": ["storage_encrypted"],
	"aws_redshift_cluster": ["encrypted"],
}

# Every store: its resource, the path of the attribute, and its planned state.
stores := [[r, path, encrypted] |
	some type, path in attributes
	some r in plan.touched_of(type)
	encrypted := state(r, path)
]

# The same of EBS volumes, by themselves or as part of a machine.
devices := [[r, path, encrypted] |
	some type, paths in {
		"aws_ebs_volume": [["encrypted"]],
		"aws_instance": [["root_block_device", 0, "encrypted"]],
		"aws_launch_configuration": [["root_block_device", 0, "encrypted"]],
		"aws_launch_template": [],
	}
	some r in plan.touched_of(type)
	some path in array.concat(paths, more_devices(r))
	encrypted := state(r, path)
]

# The planned value, "unknown" if it is known only after apply, or null where nobody says anything.
state(r, path) := found if {
	found := object.get(r, array.concat(["change", "after"], path), null)
	not found in {null, ""}
} else := "unknown" if {
	r.change.after_unknown[path[0]]
	plan.is_undecided(r, path)
} else := null

# Beside the volumes that are always there: an instance has a root volume, whether the configuration mentions it or not.
more_devices(r) := array.concat(
	[["ebs_block_device", position, "encrypted"] |
		is_array(r.change.after.ebs_block_device)
		some position, _ in r.change.after.ebs_block_device
	],
	[["block_device_mappings", position, "ebs", 0, "encrypted"] |
		is_array(r.change.after.block_device_mappings)
		some position, mapping in r.change.after.block_device_mappings
		is_object(mapping.ebs[0])
	],
)

is_encrypted_by_default(r) if r.type == "aws_redshift_cluster"

is_encrypted_by_default(r) if {
	r.type == "aws_rds_cluster"
	engine := plan.value(r, ["engine"], "")
	is_string(engine)
	startswith(engine, "aurora")
}

is_encrypted_by_default(r) if {
	r.type == "aws_elasticache_replication_group"
	plan.value(r, ["engine"], "") == "valkey"
}

# What a store may be made from. Where that is unknown, the configuration says so.
is_copy(r) if {
	some origin in ["replicate_source_db", "snapshot_identifier", "replication_source_identifier", "global_cluster_identifier", "restore_to_point_in_time"]
	not plan.value(r, [origin], "") in {"", []}
}

is_copy(r) if {
	some origin in ["replicate_source_db", "snapshot_identifier", "replication_source_identifier", "global_cluster_identifier"]
	plan.is_undecided(r, [origin])
}

ebs_by_default if plan.params("unencrypted-storage").ebs_by_default == true

# Instance stores have no EBS volume behind them.
is_virtual(r, path) if {
	path[0] == "ebs_block_device"
	plan.value(r, ["ebs_block_device", path[1], "no_device"], false) == true
}

# Which of several.
device(r, path) := sprintf(" (%s)", [name]) if {
	name := plan.value(r, array.concat(array.slice(path, 0, 2), ["device_name"]), "")
	is_string(name)
	name != ""
} else := " (root volume)" if {
	path[0] == "root_block_device"
} else := ""
