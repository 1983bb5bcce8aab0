//! `net.cidr_*`: networks as Go reads and writes them.

use super::call::{Builtin, Context, Failure, error, take};
use crate::heap::{Value, View};
use crate::types::Type;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const ENTRY: Type = Type::OneOf(&[Type::String, Type::Array(&Type::Any)]);
const ENTRIES: Type =
    Type::OneOf(&[Type::String, Type::Array(&ENTRY), Type::Set(&ENTRY), Type::Object(&Type::String, &ENTRY)]);
const PAIRS: Type = Type::Set(&Type::Tuple(&[Type::Any, Type::Any]));
const LIST: Type = Type::OneOf(&[Type::Array(&Type::String), Type::Set(&Type::String)]);
const STRINGS: Type = Type::Set(&Type::String);

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("net.cidr_contains", &[Type::String, Type::String], Type::Boolean, contains),
    Builtin::new("net.cidr_contains_matches", &[ENTRIES, ENTRIES], PAIRS, contains_matches),
    Builtin::new("net.cidr_expand", &[Type::String], STRINGS, expand),
    Builtin::new("net.cidr_intersects", &[Type::String, Type::String], Type::Boolean, intersects),
    Builtin::new("net.cidr_is_valid", &[Type::String], Type::Boolean, is_valid),
    Builtin::new("net.cidr_merge", &[LIST], STRINGS, merge),
    Builtin::new("net.cidr_overlap", &[Type::String, Type::String], Type::Boolean, contains),
];

/// Addresses that begin alike. Those of version 4 are the ones of version 6 that stand for them, in whatever form they
/// are written: then nothing of version 6 alone is among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    /// As it is written: bits may be set that the prefix does not cover.
    address: u128,
    prefix: u32,
}

/// What stands before an address of version 4 in one of version 6.
const MAPPED: u128 = 0xffff << 32;

impl Network {
    /// `10.0.0.0/8`, `2001:db8::/32`.
    fn read(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        if prefix.is_empty() || prefix.len() > 8 || !prefix.bytes().all(|it| it.is_ascii_digit()) {
            return None;
        }
        let prefix: u32 = prefix.parse().ok()?;
        let (bits, before) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let prefix = (prefix <= bits).then_some(prefix + before)?;
        let network = Self { address: number(address), prefix };
        Some(Self { address: network.first(), prefix })
    }

    const fn mask(self) -> u128 {
        if self.prefix == 0 { 0 } else { u128::MAX << (128 - self.prefix) }
    }

    const fn first(self) -> u128 {
        self.address & self.mask()
    }

    const fn last(self) -> u128 {
        self.address | !self.mask()
    }

    const fn is_v4(self) -> bool {
        is_mapped(self.address)
    }

    fn contains(self, address: u128) -> bool {
        self.is_v4() == is_mapped(address) && (self.address ^ address) & self.mask() == 0
    }

    fn text(self) -> String {
        let prefix = if self.is_v4() { self.prefix.saturating_sub(96) } else { self.prefix };
        format!("{}/{prefix}", shown(self.address))
    }
}

const fn is_mapped(address: u128) -> bool {
    address >> 32 == MAPPED >> 32
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(it) => MAPPED | u128::from(it.to_bits()),
        IpAddr::V6(it) => it.to_bits(),
    }
}

fn shown(address: u128) -> String {
    match u32::try_from(address ^ MAPPED) {
        Ok(it) => Ipv4Addr::from_bits(it).to_string(),
        Err(_) => Ipv6Addr::from_bits(address).to_string(),
    }
}

fn network(context: &Context<'_>, value: Value) -> Result<Network, Failure> {
    Network::read(context.text(value, 1)?).ok_or_else(|| error("invalid CIDR address"))
}

fn contains(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [outer, inner] = take(operands)?;
    context.spend_for(operands)?;
    Ok(Value::bool(is_contained(context, outer, inner)?))
}

fn is_contained(context: &Context<'_>, outer: Value, inner: Value) -> Result<bool, Failure> {
    let outer = network(context, outer)?;
    let text = context.text(inner, 1)?;
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(outer.contains(number(address)));
    }
    let Some(inner) = Network::read(text) else {
        return Err(error("not a valid textual representation of an IP address or CIDR"));
    };
    Ok(outer.contains(inner.first()) && outer.contains(inner.last()))
}

fn intersects(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [a, b] = take(operands)?;
    context.spend_for(operands)?;
    let (a, b) = (network(context, a)?, network(context, b)?);
    Ok(Value::bool(a.contains(b.first()) || b.contains(a.first())))
}

fn is_valid(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [value] = take(operands)?;
    context.spend_for(operands)?;
    Ok(Value::bool(matches!(context.heap.view(value), View::String(text) if Network::read(text).is_some())))
}

/// Which of the networks contain which of the others: pairs of their keys, places, or themselves.
fn contains_matches(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [outer, inner] = take(operands)?;
    let outer = entries(context, outer, 1)?;
    let inner = entries(context, inner, 2)?;
    let mut pairs = Vec::new();
    for [outer, outer_key] in &outer {
        for [inner, inner_key] in &inner {
            context.spend(1)?;
            if is_contained(context, *outer, *inner)? {
                pairs.push(context.heap.array(&[*outer_key, *inner_key])?);
            }
        }
    }
    Ok(context.heap.set(pairs)?)
}

/// Networks, or arrays that begin with one; and what they are told by.
fn entries(context: &mut Context<'_>, value: Value, position: u8) -> Result<Vec<[Value; 2]>, Failure> {
    context.spend_for(&[value])?;
    let entries = match context.heap.view(value) {
        View::String(_) => return Ok(vec![[value, value]]),
        View::Array(items) => {
            let items = items.to_vec();
            let keys = (0..).map(|it| context.heap.integer(it));
            let entries = items.into_iter().zip(keys).map(|(item, key)| Ok([item, key?]));
            entries.collect::<Result<Vec<_>, Failure>>()?
        }
        View::Set(items) => items.iter().map(|it| [*it, *it]).collect(),
        View::Object(pairs) => pairs.iter().map(|it| [it[1], it[0]]).collect(),
        _ => Vec::new(),
    };
    let first = |it: &[Value; 2]| match context.heap.view(it[0]) {
        View::String(_) => Ok(*it),
        View::Array([first, ..]) => Ok([*first, it[1]]),
        _ => Err(error(format!("operand {position}: element must be string or non-empty array"))),
    };
    entries.iter().map(first).collect()
}

fn expand(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(operands)?;
    let network = network(context, text)?;
    let (first, last) = (network.first(), network.last());
    context.spend(u64::try_from(last - first).unwrap_or(u64::MAX))?;
    let mut addresses = Vec::new();
    for address in first..=last {
        context.spend(1)?;
        addresses.push(context.heap.string(&shown(address))?);
    }
    Ok(context.heap.set(addresses)?)
}

/// Addresses one after the other, and the network that they are, where they are one as it was given.
struct Range {
    first: u128,
    last: u128,
    network: Option<Network>,
}

/// The fewest networks with the same addresses. An address of version 4 without a prefix stands for the network of its
/// class, as in OPA.
fn merge(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [list] = take(operands)?;
    context.spend_for(operands)?;
    let mut ranges = Vec::new();
    for value in context.items(list, 1)? {
        let View::String(text) = context.heap.view(*value) else {
            return Err(error("element must be string"));
        };
        let network = merged(text)?;
        ranges.push(Range { first: network.first(), last: network.last(), network: Some(network) });
    }
    context.spend(ranges.len() as u64)?;
    ranges.sort_by_key(|it| (it.last, it.first));
    let mut disjoint: Vec<Range> = Vec::new();
    while let Some(range) = ranges.pop() {
        match disjoint.last_mut() {
            Some(after) if after.first.saturating_sub(1) <= range.last => {
                after.first = after.first.min(range.first);
                after.network = None;
            }
            _ => disjoint.push(range),
        }
    }
    let mut networks = Vec::new();
    for range in disjoint {
        match range.network {
            Some(network) => networks.push(network.text()),
            None => spanned(range.first, range.last, &mut networks),
        }
    }
    context.spend(networks.len() as u64)?;
    let networks: Result<Vec<Value>, _> = networks.iter().map(|it| context.heap.string(it)).collect();
    Ok(context.heap.set(networks?)?)
}

fn merged(text: &str) -> Result<Network, Failure> {
    match text.parse::<IpAddr>().map(number) {
        Ok(address) if is_mapped(address) => {
            let prefix = match (address ^ MAPPED) >> 24 {
                0..0x80 => 8,
                0x80..0xc0 => 16,
                _ => 24,
            };
            Ok(Network { address, prefix: 96 + prefix })
        }
        Ok(_) => Err(error("IPv6 invalid: needs prefix length")),
        Err(_) => Network::read(text).ok_or_else(|| error("invalid CIDR address")),
    }
}

/// The fewest networks from one address to another.
fn spanned(mut first: u128, last: u128, networks: &mut Vec<String>) {
    loop {
        let mut prefix = 128 - first.trailing_zeros().min(128);
        while prefix < 128 && (Network { address: first, prefix }).last() > last {
            prefix += 1;
        }
        let network = Network { address: first, prefix };
        networks.push(network.text());
        match network.last().checked_add(1) {
            Some(next) if next <= last => first = next,
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtins::calls::{calls, exhausts, fails};

    #[test]
    fn networks_contain_as_in_opa() {
        for (outer, inner, wanted) in [
            ("10.0.0.0/8", "10.1.0.0/24", "true"),
            ("172.17.0.0/24", "172.17.0.0/16", "false"),
            ("10.0.0.0/8", "192.168.1.0/24", "false"),
            ("10.0.0.0/8", "10.1.1.1/32", "true"),
            ("2001:4860:4860::8888/32", "2001:4860:4860:1234::8888/40", "true"),
            ("2001:4860:4860::8888/32", "2001:4860:4860:1234:5678:1234:5678:8888/128", "true"),
            ("2001:4860::/96", "2001:4860::/32", "false"),
            ("2001:4860::/32", "fd1e:5bfe:8af3:9ddc::/64", "false"),
            ("10.0.0.0/8", "10.1.2.3", "true"),
            ("10.0.0.0/8", "192.168.1.1", "false"),
            ("10.1.2.3/8", "10.9.9.9", "true"),
            ("0.0.0.0/0", "::1", "false"),
            ("::/0", "1.2.3.4", "false"),
            ("::/0", "::1", "true"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "true"),
            ("::ffff:10.0.0.0/104", "10.1.2.3", "true"),
            ("10.0.0.0/08", "10.0.0.1", "true"),
            ("0.0.0.0/0", "0.0.0.0/0", "true"),
            ("10.0.0.1/32", "10.0.0.1", "true"),
        ] {
            calls(ALL, &[("net.cidr_contains", &format!("[\"{outer}\", \"{inner}\"]"), wanted)]);
        }
        for outer in [
            "10.0.0.0",
            "10/8",
            "010.0.0.0/8",
            " 10.0.0.0/8",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.0/",
            "::1%1/8",
        ] {
            let operands = format!("[\"{outer}\", \"10.0.0.1\"]");
            fails(ALL, "net.cidr_contains", &operands, "invalid CIDR address");
            calls(ALL, &[("net.cidr_is_valid", &format!("[\"{outer}\"]"), "false")]);
        }
        fails(
            ALL,
            "net.cidr_contains",
            r#"["192.168.1.0/28", "not-a-cidr"]"#,
            "not a valid textual representation of an IP address or CIDR",
        );
        calls(
            ALL,
            &[
                ("net.cidr_is_valid", r#"["192.168.1.0/24"]"#, "true"),
                ("net.cidr_is_valid", r#"["2002::1234:abcd:ffff:c0a8:101/64"]"#, "true"),
                ("net.cidr_is_valid", "[1]", "false"),
                ("net.cidr_intersects", r#"["192.168.1.0/25", "192.168.1.64/25"]"#, "true"),
                ("net.cidr_intersects", r#"["192.168.1.0/24", "192.168.2.0/24"]"#, "false"),
                ("net.cidr_intersects", r#"["10.1.2.3/8", "10.200.0.0/16"]"#, "true"),
                (
                    "net.cidr_intersects",
                    r#"["fd1e:5bfe:8af3:9ddc::/64", "fd1e:5bfe:8af3:9ddc:1111::/72"]"#,
                    "true",
                ),
                (
                    "net.cidr_intersects",
                    r#"["fd1e:5bfe:8af3:9ddc::/64", "2001:4860:4860::8888/32"]"#,
                    "false",
                ),
            ],
        );
    }

    #[test]
    fn matches_are_told_by_their_keys() {
        calls(
            ALL,
            &[
                (
                    "net.cidr_contains_matches",
                    r#"["1.1.1.0/24", "1.1.1.1"]"#,
                    r#"{["1.1.1.0/24", "1.1.1.1"]}"#,
                ),
                (
                    "net.cidr_contains_matches",
                    r#"[[["1.1.2.0/24", 1], "1.1.1.0/24"], ["1.1.1.1", "1.1.2.1"]]"#,
                    "{[0, 1], [1, 0]}",
                ),
                (
                    "net.cidr_contains_matches",
                    r#"[{["1.1.1.0/24", "bar"], "1.1.2.0/24"}, {["1.1.1.1", "baz"], "1.1.2.1"}]"#,
                    r#"{[["1.1.1.0/24", "bar"], ["1.1.1.1", "baz"]], ["1.1.2.0/24", "1.1.2.1"]}"#,
                ),
                (
                    "net.cidr_contains_matches",
                    r#"[{"k1": "1.1.1.1/24", "k2": ["1.1.1.2/24", 1]}, "1.1.1.128"]"#,
                    r#"{["k1", "1.1.1.128"], ["k2", "1.1.1.128"]}"#,
                ),
            ],
        );
        for inner in ["[1]", "{[]}"] {
            fails(
                ALL,
                "net.cidr_contains_matches",
                &format!("[\"1.1.1.0/24\", {inner}]"),
                "operand 2: element must be string or non-empty array",
            );
        }
    }

    #[test]
    fn networks_are_expanded() {
        calls(
            ALL,
            &[
                (
                    "net.cidr_expand",
                    r#"["172.16.100.255/30"]"#,
                    r#"{"172.16.100.252", "172.16.100.253", "172.16.100.254", "172.16.100.255"}"#,
                ),
                ("net.cidr_expand", r#"["192.168.1.1/32"]"#, r#"{"192.168.1.1"}"#),
                ("net.cidr_expand", r#"["2001:db8::/127"]"#, r#"{"2001:db8::", "2001:db8::1"}"#),
            ],
        );
        exhausts(ALL, "net.cidr_expand", r#"["10.0.0.0/8"]"#);
        exhausts(ALL, "net.cidr_expand", r#"["::/0"]"#);
    }

    #[test]
    fn networks_are_merged_as_in_opa() {
        for (list, wanted) in [
            ("[]", "set()"),
            (r#"["192.0.128.0/24", "192.0.129.0/24"]"#, r#"{"192.0.128.0/23"}"#),
            (r#"["192.0.128.0/24", "192.0.128.0/24"]"#, r#"{"192.0.128.0/24"}"#),
            (r#"["192.0.128.0/24", "0.0.0.0/0"]"#, r#"{"0.0.0.0/0"}"#),
            (r#"["192.0.2.112/30", "192.0.2.116/31", "192.0.2.118/31"]"#, r#"{"192.0.2.112/29"}"#),
            (r#"["192.0.129.0/24", "192.0.130.0/24"]"#, r#"{"192.0.129.0/24", "192.0.130.0/24"}"#),
            (
                r#"["192.0.2.112/31", "192.0.2.116/31", "192.0.2.118/31"]"#,
                r#"{"192.0.2.112/31", "192.0.2.116/30"}"#,
            ),
            (r#"["::/0", "fe80::1/128"]"#, r#"{"::/0"}"#),
            (r#"["::/0", "::192.0.2.0/124", "ff00::101/128"]"#, r#"{"::/0"}"#),
            (
                r#"["fe80::/120", "192.0.2.0/24", "192.0.3.0/24", "192.0.4.0/25", "192.0.4.128/25"]"#,
                r#"{"192.0.2.0/23", "192.0.4.0/24", "fe80::/120"}"#,
            ),
            (
                r#"["2601:600:8a80:207e:a57d:7567:e2c9:e7b3/64", "2601:600:8a80:207e:a57d:7567:e2c9:e7b3/128"]"#,
                r#"{"2601:600:8a80:207e::/64"}"#,
            ),
            (r#"["192.0.2.112", "192.0.2.116/31", "192.0.2.118/31"]"#, r#"{"192.0.2.0/24"}"#),
            (r#"["192.0.128.0", "192.0.129.0"]"#, r#"{"192.0.128.0/23"}"#),
            (r#"["10.0.0.0/25", "10.0.0.128/25", "10.1.0.1"]"#, r#"{"10.0.0.0/8"}"#),
            (r#"["10.1.0.1"]"#, r#"{"10.1.0.1/8"}"#),
            (r#"["172.16.9.1"]"#, r#"{"172.16.9.1/16"}"#),
            (r#"{"192.0.2.112/30", "192.0.2.116/31", "192.0.2.118/31"}"#, r#"{"192.0.2.112/29"}"#),
        ] {
            calls(ALL, &[("net.cidr_merge", &format!("[{list}]"), wanted)]);
        }
        fails(ALL, "net.cidr_merge", r#"[["fe80::1"]]"#, "IPv6 invalid: needs prefix length");
        fails(ALL, "net.cidr_merge", r#"[["foo"]]"#, "invalid CIDR address");
    }
}
