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
#   unknown: absent
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
	some [r, base, names, covered] in covering
	some path in sources(r, base, names)
	source := plan.value(r, path, "")
	is_anywhere(source)
	finding := plan.finding(r, path, sprintf("Open to everyone: %s (%s from %s)", [r.address, covered, source]))
}

# The ports are bad, but not all sources are known.
deny contains finding if {
	some [r, base, names, _] in covering
	some path in sources(r, base, names)
	plan.is_unknown(r, path)
	finding := undecided(r, path)
}

# Not all ports are known, and the source is bad, or not known either. The first unknown attribute stands for all of them.
deny contains finding if {
	some [r, base, names, values] in openings
	null in values
	path := [unknown |
		some field in [names.protocol, "from_port", "to_port"]
		unknown := array.concat(base, [field])
		plan.is_unknown(r, unknown)
	][0]
	may_cover(r, base, names, values[0])
	some source in sources(r, base, names)
	may_be_anywhere(r, source)
	finding := undecided(r, path)
}

deny contains finding if {
	some r in groups
	r.change.after_unknown.ingress == true
	not plan.is_unset(r, ["ingress"])
	finding := undecided(r, ["ingress"])
}

# A rule that is set up wrong must not look like one that passed.
deny contains finding if some finding in plan.wrong_params("open-ingress", {"cidrs": "texts", "ports": "any"})

deny contains {"msg": "The parameter ports of open-ingress must be a list of ports: at least one, each a number from 0 to 65535"} if {
	"ports" in object.keys(params)
	not are_ports(params.ports)
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

ports := {port | some port in params.ports; is_number(port)} if is_array(params.ports)

else := {port | some port, _ in default_ports}

are_ports(given) if {
	is_array(given)
	count(given) > 0
	every port in given {
		is_number(port)
		port == floor(port)
		port >= 0
		port <= 65535
	}
}

more_cidrs := plan.list(object.get(params, "cidrs", []))

groups := array.concat(plan.touched_of("aws_security_group"), plan.touched_of("aws_default_security_group"))

# Every rule that lets something in: its resource, its path, how this kind of resource names things, and its protocol and ports.
openings := array.concat(
	[[r, ["ingress", position], listed, traffic(opening, "protocol")] |
		some r in groups
		is_array(r.change.after.ingress)
		some position, opening in r.change.after.ingress
		is_object(opening)
	],
	array.concat(
		[[r, [], listed, traffic(r.change.after, "protocol")] |
			some r in plan.touched_of("aws_security_group_rule")
			r.change.after.type == "ingress"
		],
		[[r, [], single, traffic(r.change.after, "ip_protocol")] | some r in plan.touched_of("aws_vpc_security_group_ingress_rule")],
	),
)

traffic(opening, protocol) := [object.get(opening, protocol, null), object.get(opening, "from_port", null), object.get(opening, "to_port", null)]

# Those that surely cover one of the ports; what they cover, in words, is last.
covering := [[r, base, names, covered] |
	some [r, base, names, [protocol, from, to]] in openings
	covered := covers(protocol, from, to)
]

listed := {"protocol": "protocol", "lists": ["cidr_blocks", "ipv6_cidr_blocks"], "sources": []}

single := {"protocol": "ip_protocol", "lists": [], "sources": [["cidr_ipv4"], ["cidr_ipv6"]]}

# The paths of all ranges that an opening is for; of a list itself where that is unknown.
sources(r, base, names) := array.concat(names.sources, [path |
	some name in names.lists
	list := array.concat(base, [name])
	some path in array.concat(
		[array.concat(list, [position]) | some position, _ in plan.list(plan.value(r, list, []))],
		[list | plan.is_unknown(r, list)],
	)
])

is_anywhere(source) if {
	is_string(source)
	endswith(source, "/0")
}

is_anywhere(source) if {
	source != ""
	source in more_cidrs
}

may_be_anywhere(r, path) if is_anywhere(plan.value(r, path, ""))

may_be_anywhere(r, path) if plan.is_unknown(r, path)

# What is surely covered of the ports, in words. It is undefined where that is nothing.
covers(protocol, _, _) := "all protocols and ports" if protocol in all_protocols

covers(protocol, from, to) := span(from, to, hits) if {
	protocol in with_ports
	is_number(from)
	is_number(to)
	hits := hit(from, to)
	count(hits) > 0
}

all_protocols := {"-1", "all", -1}

# Of other protocols, such as ICMP, the ports are something else.
with_ports := {"tcp", "udp", "6", "17", "TCP", "UDP"}

# Most openings are for one port, and then nothing needs to be gone through.
hit(from, to) := {from} & ports if from == to

else := {port | some port in ports; from <= port; port <= to}

span(from, to, hits) := concat(", ", [named(port) | some port in hits]) if count(hits) <= 3

else := "all ports" if {
	from <= 1
	to >= 65535
} else := sprintf("ports %v to %v", [from, to])

named(port) := sprintf("port %d (%s)", [port, name]) if name := default_ports[port]

else := sprintf("port %v", [port])

# Whether an opening with something unknown may cover a port: not if its protocol is known and has none, or covers all.
may_cover(r, base, names, _) if plan.is_unknown(r, array.concat(base, [names.protocol]))

may_cover(_, _, _, protocol) if protocol in with_ports

undecided(r, path) := plan.unknown_finding(r, path, "it opens a port to everyone")
