# METADATA
# title: Administration and databases are not open to the Internet
# description: |
#   Ports by which people administrate machines, and those of databases, are found and tried within minutes once everybody can reach them.
#
#   A rule that lets traffic in from anywhere (`0.0.0.0/0`, `::/0`, or any other range of length 0) is a finding if it covers one of these ports, or all of them, or all protocols (`-1`):
#   22 (SSH), 23 (Telnet), 445 (SMB), 1433 (SQL Server), 1521 (Oracle), 2375 and 2376 (Docker), 2379 (etcd), 3306 (MySQL), 3389 (RDP), 5432 (PostgreSQL), 5439 (Redshift), 5900 (VNC), 5984 (CouchDB), 5985 and 5986 (WinRM), 6379 (Redis), 6443 (Kubernetes), 8086 (InfluxDB), 9042 (Cassandra), 9200 (Elasticsearch), 10250 (kubelet), 11211 (memcached) and 27017 (MongoDB).
#
#   What is looked at: `ingress` of `aws_security_group` and `aws_default_security_group`, `aws_security_group_rule` of type `ingress`, and `aws_vpc_security_group_ingress_rule`.
#
#   Only what the plan creates, replaces or updates is judged.
#   Not seen: prefix lists, ranges that are wide but not everything, network ACLs, whether anything listens there, and `dynamic` blocks that are unknown as a whole.
# scope: package
# related_resources:
#   - ref: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
#     description: Security group rules
#   - ref: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/vpc_security_group_ingress_rule
#     description: aws_vpc_security_group_ingress_rule
# custom:
#   code: open-ingress
#   severity: high
#   fix: |
#     Let in only where you come from, or do without an open port (Session Manager, a VPN):
#
#     ```hcl
#     resource "aws_vpc_security_group_ingress_rule" "ssh" {
#       security_group_id = aws_security_group.bastion.id
#       ip_protocol       = "tcp"
#       from_port         = 22
#       to_port           = 22
#       cidr_ipv4         = "192.0.2.0/24"
#     }
#     ```
#   params:
#     ports: "The ports that must not be open, in place of the default: a list of numbers."
#     cidrs: "Ranges that count as anywhere, beside those of length 0: a list such as `[\"10.0.0.0/8\"]`, compared as text. Default: none."
package runtask.rules.open_ingress

import rego.v1

import data.runtask.plan

deny contains finding if {
	some opening in openings
	some path in opening.sources
	source := plan.value(opening.resource, path, "")
	is_anywhere(source)
	some covered in covers(opening)
	finding := plan.finding(opening.resource, path, sprintf("Open to everyone: %s (%s from %s)", [opening.resource.address, covered, source]))
}

# A source that is known to be harmless decides it, and so does a port: only where neither does, what is unknown matters.
deny contains finding if {
	some opening in openings
	some path in undecided(opening)
	finding := plan.unknown_finding(opening.resource, path, "it opens a port to everyone")
}

deny contains finding if {
	some r in groups
	plan.is_undecided(r, ["ingress"])
	finding := plan.unknown_finding(r, ["ingress"], "it opens a port to everyone")
}

params := plan.params("open-ingress")

default_ports := {
	22: "SSH",
	23: "Telnet",
	445: "SMB",
	1433: "SQL Server",
	1521: "Oracle",
	2375: "Docker",
	2376: "Docker",
	2379: "etcd",
	3306: "MySQL",
	3389: "RDP",
	5432: "PostgreSQL",
	5439: "Redshift",
	5900: "VNC",
	5984: "CouchDB",
	5985: "WinRM",
	5986: "WinRM",
	6379: "Redis",
	6443: "Kubernetes",
	8086: "InfluxDB",
	9042: "Cassandra",
	9200: "Elasticsearch",
	10250: "kubelet",
	11211: "memcached",
	27017: "MongoDB",
}

default ports := []

ports := [port | some port in params.ports; is_number(port)] if is_array(params.ports)

ports := [port | some port, _ in default_ports] if not is_array(params.ports)

more_cidrs := plan.list(object.get(params, "cidrs", []))

groups := array.concat(plan.touched_of("aws_security_group"), plan.touched_of("aws_default_security_group"))

# Every rule that lets something in, with the paths of its parts, which each kind of resource names in its own way.
openings := array.concat(array.concat(inline, rules), vpc_rules)

inline := [opening |
	some r in groups
	some position, _ in plan.list(plan.value(r, ["ingress"], []))
	base := ["ingress", position]
	opening := {
		"resource": r,
		"protocol": array.concat(base, ["protocol"]),
		"from": array.concat(base, ["from_port"]),
		"to": array.concat(base, ["to_port"]),
		"sources": sources(r, [array.concat(base, ["cidr_blocks"]), array.concat(base, ["ipv6_cidr_blocks"])]),
	}
]

rules := [opening |
	some r in plan.touched_of("aws_security_group_rule")
	plan.value(r, ["type"], "ingress") == "ingress"
	opening := {
		"resource": r,
		"protocol": ["protocol"],
		"from": ["from_port"],
		"to": ["to_port"],
		"sources": sources(r, [["cidr_blocks"], ["ipv6_cidr_blocks"]]),
	}
]

vpc_rules := [opening |
	some r in plan.touched_of("aws_vpc_security_group_ingress_rule")
	opening := {
		"resource": r,
		"protocol": ["ip_protocol"],
		"from": ["from_port"],
		"to": ["to_port"],
		"sources": [["cidr_ipv4"], ["cidr_ipv6"]],
	}
]

# The paths of all ranges of the lists; of the list itself where it is unknown.
sources(r, lists) := array.concat(
	[path |
		some list in lists
		some position, _ in plan.list(plan.value(r, list, []))
		path := array.concat(list, [position])
	],
	[list |
		some list in lists
		plan.is_unknown(r, list)
	],
)

is_anywhere(source) if {
	is_string(source)
	endswith(source, "/0")
}

is_anywhere(source) if {
	source != ""
	source in more_cidrs
}

# What an opening surely covers: nothing, or one text that says it.
covers(opening) := ["all protocols and ports"] if is_any_protocol(opening)

else := [span(from, to, hits)] if {
	has_ports(opening)
	from := plan.value(opening.resource, opening.from, null)
	to := plan.value(opening.resource, opening.to, null)
	is_number(from)
	is_number(to)
	hits := [port | some port in ports; from <= port; port <= to]
	count(hits) > 0
} else := []

span(from, to, hits) := concat(", ", [named(port) | some port in hits]) if count(hits) <= 3

else := "all ports" if {
	from <= 1
	to >= 65535
} else := sprintf("ports %v to %v", [from, to])

named(port) := sprintf("port %d (%s)", [port, name]) if name := default_ports[port]

else := sprintf("port %v", [port])

is_any_protocol(opening) if plan.value(opening.resource, opening.protocol, "") in {"-1", "all", -1}

# Of other protocols, such as ICMP, the ports are something else.
has_ports(opening) if {
	protocol := plan.value(opening.resource, opening.protocol, "")
	is_string(protocol)
	lower(protocol) in {"tcp", "udp", "6", "17"}
}

# The paths that are unknown, and on which it depends whether the opening is a finding.
undecided(opening) := {path |
	some path in opening.sources
	plan.is_unknown(opening.resource, path)
	may_cover(opening)
} | {path |
	some source in opening.sources
	is_anywhere(plan.value(opening.resource, source, ""))
	covers(opening) == []
	may_cover(opening)
	some path in unknown_ports(opening)
}

unknown_ports(opening) := [path |
	some path in [opening.protocol, opening.from, opening.to]
	plan.is_unknown(opening.resource, path)
]

may_cover(opening) if count(covers(opening)) > 0

may_cover(opening) if {
	count(unknown_ports(opening)) > 0
	not is_excluded(opening)
}

# A protocol that is known and has no ports.
is_excluded(opening) if {
	not plan.is_unknown(opening.resource, opening.protocol)
	not has_ports(opening)
}
