package runtask.rules.open_ingress_test

import rego.v1

import data.runtask.rules.open_ingress
import data.runtask.testing

findings(resources) := found if {
	found := open_ingress.deny with input as testing.plan(resources)
}

with_params(params, resources) := {finding.msg | some finding in found} if {
	found := open_ingress.deny with input as testing.plan(resources) with data.params as {"open-ingress": params}
}

messages(resources) := {finding.msg | some finding in findings(resources)}

sure(resources) := {finding | some finding in findings(resources); not finding.unknown}

opening(protocol, from, to, cidrs) := {"protocol": protocol, "from_port": from, "to_port": to, "cidr_blocks": cidrs, "ipv6_cidr_blocks": []}

group(openings) := testing.create("aws_security_group.a", {"ingress": openings})

rule(protocol, from, to, cidrs) := testing.create("aws_security_group_rule.a", object.union({"type": "ingress"}, opening(protocol, from, to, cidrs)))

vpc_rule(protocol, from, to, cidr) := testing.create("aws_vpc_security_group_ingress_rule.a", {"ip_protocol": protocol, "from_port": from, "to_port": to, "cidr_ipv4": cidr, "cidr_ipv6": null})

test_other_ports_may_be_open_and_these_ports_to_some if {
	findings([
		group([opening("tcp", 443, 443, ["0.0.0.0/0"]), opening("tcp", 22, 22, ["192.0.2.0/24"]), opening("tcp", 0, 0, ["0.0.0.0/0"])]),
		rule("tcp", 80, 443, ["0.0.0.0/0"]),
		vpc_rule("tcp", 443, 443, "0.0.0.0/0"),
		vpc_rule("-1", null, null, "10.0.0.0/8"),
		testing.create("aws_security_group.b", {"ingress": []}),
		testing.create("aws_security_group.c", {}),
	]) == set()
}

test_an_open_port_is_a_finding_in_every_kind_of_rule if {
	findings([group([opening("tcp", 443, 443, ["0.0.0.0/0"]), opening("tcp", 22, 22, ["192.0.2.0/24", "0.0.0.0/0"])])]) == {{
		"msg": "Open to everyone: aws_security_group.a (port 22 (SSH) from 0.0.0.0/0)",
		"address": "aws_security_group.a",
		"attribute": ["ingress", 1, "cidr_blocks", 1],
	}}
	findings([rule("tcp", 3389, 3389, ["0.0.0.0/0"])]) == {{
		"msg": "Open to everyone: aws_security_group_rule.a (port 3389 (RDP) from 0.0.0.0/0)",
		"address": "aws_security_group_rule.a",
		"attribute": ["cidr_blocks", 0],
	}}
	findings([vpc_rule("tcp", 5432, 5432, "0.0.0.0/0")]) == {{
		"msg": "Open to everyone: aws_vpc_security_group_ingress_rule.a (port 5432 (PostgreSQL) from 0.0.0.0/0)",
		"address": "aws_vpc_security_group_ingress_rule.a",
		"attribute": ["cidr_ipv4"],
	}}
	messages([testing.create("aws_default_security_group.a", {"ingress": [opening("tcp", 22, 22, ["0.0.0.0/0"])]})]) == {"Open to everyone: aws_default_security_group.a (port 22 (SSH) from 0.0.0.0/0)"}
}

test_ipv6_is_looked_at if {
	messages([group([object.union(opening("tcp", 22, 22, []), {"ipv6_cidr_blocks": ["::/0"]})])]) == {"Open to everyone: aws_security_group.a (port 22 (SSH) from ::/0)"}
	messages([testing.create("aws_vpc_security_group_ingress_rule.a", {"ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv6": "::/0"})]) == {"Open to everyone: aws_vpc_security_group_ingress_rule.a (port 22 (SSH) from ::/0)"}
}

test_ranges_and_protocols_are_said_in_words if {
	messages([rule("6", 3300, 3400, ["0.0.0.0/0"])]) == {"Open to everyone: aws_security_group_rule.a (port 3306 (MySQL), port 3389 (RDP) from 0.0.0.0/0)"}
	messages([rule("udp", 11211, 11211, ["0.0.0.0/0"])]) == {"Open to everyone: aws_security_group_rule.a (port 11211 (memcached) from 0.0.0.0/0)"}
	messages([rule("tcp", 0, 65535, ["0.0.0.0/0"])]) == {"Open to everyone: aws_security_group_rule.a (all ports from 0.0.0.0/0)"}
	messages([rule("tcp", 1024, 65535, ["0.0.0.0/0"])]) == {"Open to everyone: aws_security_group_rule.a (ports 1024 to 65535 from 0.0.0.0/0)"}
	every protocol in ["-1", "all", -1] {
		messages([rule(protocol, 0, 0, ["0.0.0.0/0"])]) == {"Open to everyone: aws_security_group_rule.a (all protocols and ports from 0.0.0.0/0)"}
	}
	messages([vpc_rule("-1", null, null, "0.0.0.0/0")]) == {"Open to everyone: aws_vpc_security_group_ingress_rule.a (all protocols and ports from 0.0.0.0/0)"}
}

test_icmp_has_no_ports if {
	findings([rule("icmp", -1, -1, ["0.0.0.0/0"]), rule("1", 0, 255, ["0.0.0.0/0"])]) == set()
}

test_egress_passes if {
	findings([testing.create("aws_security_group_rule.a", object.union({"type": "egress"}, opening("-1", 0, 0, ["0.0.0.0/0"])))]) == set()
}

test_ports_replace_the_default if {
	resources := [rule("tcp", 22, 22, ["0.0.0.0/0"]), rule("tcp", 8443, 8443, ["0.0.0.0/0"])]
	with_params({"ports": [8443]}, resources) == {"Open to everyone: aws_security_group_rule.a (port 8443 from 0.0.0.0/0)"}
	with_params({"ports": [0, 65535]}, resources) == set()
}

test_further_ranges_count_as_anywhere if {
	resources := [rule("tcp", 22, 22, ["10.0.0.0/8"])]
	with_params({}, resources) == set()
	with_params({"cidrs": ["10.0.0.0/8"]}, resources) == {"Open to everyone: aws_security_group_rule.a (port 22 (SSH) from 10.0.0.0/8)"}
}

test_wrong_parameters_are_findings if {
	every ports in [22, "22", null, {"22": true}, [], ["22"], [22, "80"], [22.5], [-1], [65536]] {
		with_params({"ports": ports}, []) == {"The parameter ports of open-ingress must be a list of ports: at least one, each a number from 0 to 65535"}
	}
	every cidrs in ["10.0.0.0/8", null, 7, ["10.0.0.0/8", 7]] {
		with_params({"cidrs": cidrs}, []) == {"The parameter cidrs of open-ingress must be a list of texts"}
	}
	with_params({"port": [22], "cidr": []}, []) == {"open-ingress has no parameter port: it has cidrs, ports", "open-ingress has no parameter cidr: it has cidrs, ports"}
	with_params([22], []) == {"The parameters of open-ingress must be an object: it has cidrs, ports"}
}

test_what_is_wrong_leaves_the_default_in_place if {
	every params in [7, {"ports": 22, "cidrs": "x"}, {"ports": null, "cidrs": null}] {
		"Open to everyone: aws_security_group_rule.a (port 22 (SSH) from 0.0.0.0/0)" in with_params(params, [rule("tcp", 22, 22, ["0.0.0.0/0"])])
	}
}

test_what_is_deleted_or_left_alone_passes if {
	values := {"ingress": [opening("tcp", 22, 22, ["0.0.0.0/0"])]}
	findings([testing.delete("aws_security_group.a", values), testing.no_op("aws_security_group.b", values)]) == set()
	count(findings([testing.update("aws_security_group.c", {}, values)])) == 1
}

test_modules_and_keys_are_in_the_message if {
	messages([testing.create(`module.a["x"].aws_security_group.b[0]`, {"ingress": [opening("tcp", 22, 22, ["0.0.0.0/0"])]})]) == {`Open to everyone: module.a["x"].aws_security_group.b[0] (port 22 (SSH) from 0.0.0.0/0)`}
}

unknown_paths(r) := {finding.attribute | some finding in findings([r]); finding.unknown}

test_an_unknown_source_of_a_bad_port_is_unknown if {
	ssh := {"protocol": "tcp", "from_port": 22, "to_port": 22}
	unknown_paths(testing.create_unknown("aws_security_group.a", {"ingress": [ssh]}, {"ingress": [{"cidr_blocks": true}]})) == {["ingress", 0, "cidr_blocks"]}
	unknown_paths(testing.create_unknown("aws_security_group.a", {"ingress": [object.union(ssh, {"cidr_blocks": ["192.0.2.0/24", null]})]}, {"ingress": [{"cidr_blocks": [false, true]}]})) == {["ingress", 0, "cidr_blocks", 1]}
	unknown_paths(testing.create_unknown("aws_vpc_security_group_ingress_rule.a", {"ip_protocol": "tcp", "from_port": 22, "to_port": 22}, {"cidr_ipv4": true})) == {["cidr_ipv4"]}
}

test_an_unknown_source_of_another_port_does_not_matter if {
	unknown_paths(testing.create_unknown("aws_security_group.a", {"ingress": [{"protocol": "tcp", "from_port": 443, "to_port": 443}]}, {"ingress": [{"cidr_blocks": true}]})) == set()
}

test_an_unknown_port_matters_where_the_source_may_be_anywhere if {
	unknown_paths(testing.create_unknown("aws_security_group_rule.a", {"type": "ingress", "protocol": "tcp", "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]}, {"from_port": true})) == {["from_port"]}
	unknown_paths(testing.create_unknown("aws_security_group_rule.a", {"type": "ingress", "from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]}, {"protocol": true})) == {["protocol"]}
	unknown_paths(testing.create_unknown("aws_security_group_rule.a", {"type": "ingress", "protocol": "tcp", "to_port": 443, "cidr_blocks": ["192.0.2.0/24"]}, {"from_port": true})) == set()
	unknown_paths(testing.create_unknown("aws_security_group_rule.a", {"type": "ingress", "protocol": "icmp", "cidr_blocks": ["0.0.0.0/0"]}, {"from_port": true})) == set()
}

test_several_unknown_attributes_of_one_opening_are_said_once if {
	unknown_paths(testing.create_unknown("aws_security_group_rule.a", {"type": "ingress", "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}, {"from_port": true, "to_port": true})) == {["from_port"]}
	unknown_paths(testing.create_unknown("aws_security_group_rule.a", {"type": "ingress", "protocol": "tcp", "from_port": 22, "cidr_blocks": ["0.0.0.0/0"]}, {"to_port": true})) == {["to_port"]}
	unknown_paths(testing.create_unknown("aws_vpc_security_group_ingress_rule.a", {"cidr_ipv4": "0.0.0.0/0"}, {"ip_protocol": true, "from_port": true, "to_port": true})) == {["ip_protocol"]}
	two := [{"protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}, {"protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}]
	unknown_paths(testing.create_unknown("aws_security_group.a", {"ingress": two}, {"ingress": [{"from_port": true, "to_port": true}, {"from_port": true, "to_port": true}]})) == {["ingress", 0, "from_port"], ["ingress", 1, "from_port"]}
}

test_ingress_as_a_whole_may_be_unknown if {
	r := testing.create_unknown("aws_security_group.a", {}, {"ingress": true})
	unknown_paths(r) == {["ingress"]}
	open_ingress.deny == set() with input as testing.plan_with_configuration([r], {"aws_security_group.a": {"name": {}}})
}

test_odd_shapes_are_no_error_and_no_finding if {
	sure(testing.odd("aws_security_group", ["ingress"])) == set()
	sure(testing.odd("aws_security_group_rule", ["type", "protocol", "from_port", "cidr_blocks"])) == set()
	sure(testing.odd("aws_vpc_security_group_ingress_rule", ["ip_protocol", "cidr_ipv4"])) == set()
	every wrong in [null, 7, "text", [], {}, [7], [null], ["text"]] {
		sure([group([opening(wrong, 22, 22, ["0.0.0.0/0"]), opening("tcp", wrong, wrong, ["0.0.0.0/0"]), opening("tcp", 22, 22, wrong)])]) == set()
	}
}

test_these_ports_are_looked_at_by_default if {
	every port, name in {22: "SSH", 23: "Telnet", 445: "SMB", 1433: "SQL Server", 1521: "Oracle", 2375: "Docker", 2376: "Docker", 2379: "etcd", 3306: "MySQL", 3389: "RDP", 5432: "PostgreSQL", 5439: "Redshift", 5900: "VNC", 5984: "CouchDB", 5985: "WinRM", 5986: "WinRM", 6379: "Redis", 6443: "Kubernetes", 8086: "InfluxDB", 9042: "Cassandra", 9200: "Elasticsearch", 10250: "kubelet", 11211: "memcached", 27017: "MongoDB"} {
		messages([rule("tcp", port, port, ["0.0.0.0/0"])]) == {sprintf("Open to everyone: aws_security_group_rule.a (port %d (%s) from 0.0.0.0/0)", [port, name])}
	}
}

test_half_of_the_ports_is_not_all_of_them if {
	messages([rule("tcp", 0, 30000, ["0.0.0.0/0"])]) == {"Open to everyone: aws_security_group_rule.a (ports 0 to 30000 from 0.0.0.0/0)"}
}

test_port_and_source_may_both_be_unknown if {
	unknown_paths(testing.create_unknown("aws_vpc_security_group_ingress_rule.a", {"ip_protocol": "tcp", "to_port": 22}, {"from_port": true, "cidr_ipv4": true})) == {["from_port"]}
}

test_ports_that_are_no_numbers_cover_nothing if {
	findings([rule("tcp", "0", "65535", ["0.0.0.0/0"]), rule("tcp", null, 65535, ["0.0.0.0/0"]), rule("tcp", 22, [], ["0.0.0.0/0"])]) == set()
}
