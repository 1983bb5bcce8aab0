//! Whatever the unknowns turn out to be, what is proved is found, and what is refuted is not: over generated policies, every
//! way of replacing the unknowns by values, or by nothing at all, is tried.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

use rego::{AskError, Compiled, Documents, Heap, Item, Limits, Policies, UnknownId, Value};
use std::fmt::Write;

const LIMITS: Limits =
    Limits { steps: 1_000_000, strict: false, now: 0, bytes: BYTES, seed: 1, observe: false, stop: None };
const BYTES: usize = 1 << 24;
const NAMES: [&str; 3] = ["a", "b", "c"];
/// What an unknown can turn out to be; nothing is `None`.
const VALUES: [Option<&str>; 10] = [
    None,
    Some("null"),
    Some("false"),
    Some("true"),
    Some("0"),
    Some("1"),
    Some(r#""x""#),
    Some("[]"),
    Some("[1, 0]"),
    Some(r#"{"k": 1}"#),
];

struct Chance(u64);

/// A member of a set.
#[derive(Debug)]
struct Member {
    shown: String,
    is_proved: bool,
    has_unknown: bool,
}

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((it ^ (it >> 31)) % bound as u64).unwrap()
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

const CONDITIONS: [&str; 138] = [
    "input.X",
    "not input.X",
    "input.X == C",
    "input.X != C",
    "not input.X == C",
    "not input.X != C",
    "input.X = C",
    "input.X.k == 1",
    "not input.X.k",
    "input.X[0] == 1",
    "input.X == input.Y",
    "not input.X == input.Y",
    "some VV in input.X\n\tVV == 1",
    "some VV in input.X\n\tVV != 1",
    "some VV, WW in input.X\n\tWW == 1\n\tVV == 0",
    "count(input.X) > 0",
    "not count(input.X) > 0",
    "is_string(input.X)",
    "not is_string(input.X)",
    "startswith(input.X, \"x\")",
    "not startswith(input.X, \"x\")",
    "VV := input.X\n\tVV == C",
    "[VV, 1] = [input.X, 1]\n\tVV == C",
    "[VV, _] = input.X\n\tVV == 1",
    "{\"k\": VV} = input.X\n\tVV == 1",
    "[input.X, 1] == [1, 1]",
    "{input.X | true} == {1}",
    "count([VV | some VV in [1, 0]; input.X == VV]) == 1",
    "count({VV | some VV in [1, 0]; not input.X == VV}) == 1",
    "every VV in [input.X, 1] { VV == 1 }",
    "every VV in input.X { VV == 1 }",
    "not helper_X",
    "every VV in [1, 0] { VV != input.X }",
    "input.X in {1, \"x\"}",
    "1 in input.X",
    "not 1 in input.X",
    "helper_X",
    "helper_X == C",
    "f(input.X)",
    "not f(input.X)",
    "g(input.X) == C",
    "members[input.X]",
    "some VV in members\n\tVV == C",
    "object.get(input, \"X\", 0) == C",
    "count(input) == 3",
    "not count(input) == 2",
    "count(object.keys(input)) > 1",
    "\"X\" in object.keys(input)",
    "some VV, _ in input\n\tVV == \"X\"",
    "some VV in input\n\tVV == C",
    "C in input",
    "input == {\"X\": C}",
    "input != {\"X\": C, \"Y\": C}",
    "object.union(input, {\"X\": C}).X == C",
    "object.union({\"X\": C}, input).X == C",
    "object.union({\"X\": {\"k\": 1}}, input).X.k == 1",
    "object.get(input, [\"X\", \"k\"], 0) == C",
    "object.get({\"t\": input}, [\"t\", \"X\"], C) == C",
    "walk(input, [VV, WW])\n\tVV == [\"X\", \"k\"]",
    "walk(input, [VV, WW])\n\tWW == C",
    "not walked_X",
    "count([VV | walk(input, [VV, _])]) > 3",
    "C in array.concat([VV | some VV in [1, \"x\"]; VV == input.X], [0])",
    "not C in array.concat([VV | some VV in [1, \"x\"]; VV == input.X], [0])",
    "C in ({VV | some VV in [1, \"x\"]; VV == input.X} | {0})",
    "({VV | some VV in [1]; VV == input.X} | {input.Y}) == {1, 0}",
    "is_object(input)",
    "type_name(object.get(input, \"X\", 7)) == \"number\"",
    "count(array.concat([input.X], [1])) == 2",
    "input.X in [C]",
    "not C in [input.X]",
    "object.remove(input, [\"X\", \"Y\"]) == {}",
    "object.filter(input, [\"X\"]) == {\"X\": C}",
    "{VV: WW | some VV, WW in input} == {\"X\": C}",
    "every _, WW in input { WW != C }",
    "array.slice([input.X, 1], 1, 2) == [1]",
    "array.reverse([input.X, 1])[0] == C",
    "input",
    "sprintf(\"%v\", [input.X]) == \"1\"",
    "count(sprintf(\"%v\", [input])) > 0",
    "not startswith(sprintf(\"x%v\", [input]), \"y\")",
    "concat(\"-\", [\"x\", input.X]) == \"x-x\"",
    "json.marshal(input) == \"{}\"",
    "some VV in [input]\n\tVV.X == C",
    "{VV: 1 | some VV in [1, \"x\"]; VV == input.X}[Z] == 1",
    "not {VV: 1 | some VV in [1, \"x\"]; VV == input.X}[Z]",
    "{VV | some VV in [1, \"x\"]; VV == input.X}[Z]",
    "not {VV | some VV in [1, \"x\"]; VV == input.X}[Z]",
    "count({VV | some VV in [1, 0]; not input.X == VV} | {1}) == 2",
    "{WW | some WW in [1]; WW == input.X} | {1} == {1}",
    "{input.X, input.Y}[C]",
    "some {\"X\": VV, \"Y\": WW} in [input]\n\tVV == C\n\tWW == C",
    "{\"X\": VV} = input\n\tVV == C",
    "{\"X\": VV, \"Y\": _} = object.union({\"X\": 1}, input)\n\tVV == C",
    "{object.get(input, \"X\", 1): 7, \"x\": 8}[Z] == 7",
    "{object.get(input, \"X\", 1): 7, \"x\": 8}[Z] == 8",
    "not {object.get(input, \"X\", 1): 7}[Z]",
    "\"zzz\" in object.keys({object.get(input, \"X\", 1): 7})",
    "some VV in object.keys({object.get(input, \"X\", 1): 7})\n\tVV == C",
    "input.k == 1 with input as input.X",
    "input.k == 1 with input as input.X with input.l as 1",
    "not input.k with input as input.X with input.l as 1",
    "({1, \"x\"} - {VV | some VV in [1, 0]; VV == input.X})[Z]",
    "({1, \"x\"} & {VV | some VV in [1, 0]; VV == input.X})[Z]",
    "count({1, \"x\"} - {input.X}) == 2",
    "count({VV | some VV in [1, 0]; not input.X == VV} | {5}) > 0",
    "count({VV | some VV in [1, 0]; not input.X == VV}) < 2",
    "count([VV | some VV in [1, 0]; not input.X == VV]) >= 1",
    "{VV | some VV in [1]; VV == input.X} != set()",
    "{VV | some VV in [1]; VV == input.X} == set()",
    "every VV in [WW | some WW in [1, 0]; WW == input.X] { VV == 1 }",
    "every VV in [WW | some WW in [1, 0]; WW == input.X] { VV >= 0 }",
    "concat(\",\", {VV | some VV in [\"a\", \"x\"]; VV == input.X}) == \"x\"",
    "sprintf(object.get(input, \"X\", \"x\"), [1]) != \"\"",
    "{count(object.get(input, \"X\", [])): 1, count(object.get(input, \"X\", [1])): 2}[0] == 1",
    "is_set({VV | some VV in [1]; VV == input.X})",
    "type_name({VV: 1 | some VV in [1]; VV == input.X}) == \"object\"",
    "object.get({VV: 1 | some VV in [1, 0]; VV == input.X}, Z, 9) == 9",
    "count(object.get(input, \"X\", [])) == 0",
    "count([VV | some VV in input.X]) < 2",
    "count({VV | some VV in input.X}) > 1",
    "json.match_schema(input, {\"required\": [\"X\"]})[0]",
    "not json.match_schema(input, {\"properties\": {\"X\": {\"type\": \"integer\"}}})[0]",
    "json.match_schema({\"t\": input}, {\"type\": \"object\", \"properties\": {\"t\": {\"minProperties\": 1}}})[0]",
    "not json.match_schema(input, {\"additionalProperties\": {\"const\": C}})[0]",
    "json.match_schema(input, {\"propertyNames\": {\"pattern\": \"^a\"}})[0]",
    "json.match_schema(input, {\"dependencies\": {\"X\": [\"Y\"]}})[0]",
    "json.match_schema([input.X, 1], {\"contains\": {\"const\": 1}})[0]",
    "not json.match_schema([input.X, 1, C], {\"uniqueItems\": true, \"items\": {\"enum\": [1, C]}})[0]",
    "json.match_schema(input, {\"oneOf\": [{\"required\": [\"X\"]}, {\"required\": [\"Y\"]}, {\"maxProperties\": 1}]})[0]",
    "json.match_schema(input, {\"if\": {\"properties\": {\"X\": {\"not\": {\"type\": \"null\"}}}}, \"else\": {\"required\": [\"X\"]}})[0]",
    "count(json.match_schema(input, {\"properties\": {\"X\": false}})[1]) == 0",
    "[true, []] = json.match_schema(input, {\"anyOf\": [{\"properties\": {\"X\": {\"$ref\": \"#\"}}}, {\"type\": \"array\"}]})",
    "[VV, _] = json.match_schema({\"t\": input.X}, {\"properties\": {\"t\": {\"$ref\": \"#/properties/t\"}}})\n\tVV == true",
    "json.match_schema({\"t\": {VV | some VV in [1, \"x\"]; VV == input.X} | {0}}, {\"properties\": {\"t\": {\"maxItems\": 1}}})[0]",
    "json.verify_schema({\"type\": input.X, \"const\": C})[0]",
    "not json.match_schema({\"t\": C}, {\"properties\": {\"t\": {\"const\": input.X}}})[0]",
    "json.match_schema(input, {\"properties\": {\"X\": {\"minimum\": 1}, \"Y\": {\"maxLength\": 0}}, \"patternProperties\": {\"^a\": {\"items\": {\"type\": \"integer\"}}}})[0]",
];

const MORE: [&str; 23] = [
    "nested.p[Z]",
    "some VV, WW in nested\n\tsome v0 in WW\n\tv0 == Z\n\tVV == \"p\"",
    "count(nested.p) == 2",
    "not nested.q",
    "deep.p.q == 1",
    "some VV, _ in deep[_]\n\tVV == \"q\"",
    "by_unknown[Z] == 1",
    "not by_unknown[Z]",
    "count(by_unknown) == 1",
    "some VV in by_unknown\n\tVV == 2",
    "nested.p == {1, \"x\"}",
    "members[Z]",
    "not members[Z]",
    "helper_X with input.X as C",
    "not helper_X with input.Y as 1",
    "table.t == C",
    "some _, WW in table\n\tWW == C",
    "count(members) == 1",
    "count(table) == 1",
    "VV := {WW | some WW in members}\n\tVV == {1}",
    "1 in members",
    "max([input.X, 0]) == C",
    "choice == C",
];

fn condition(chance: &mut Chance, used: &mut usize, names: &[&str], all: bool) -> String {
    let pool = CONDITIONS.len() + if all { MORE.len() } else { 0 };
    let text = loop {
        let at = chance.below(pool);
        let text = if at < CONDITIONS.len() { CONDITIONS[at] } else { MORE[at - CONDITIONS.len()] };
        if all
            || !["helper", "members", "f(", "g(", "walked", "nested", "deep", "by_unknown"]
                .iter()
                .any(|it| text.contains(it))
        {
            break text;
        }
    };
    *used += 1;
    let text =
        text.replace("helper_X", &format!("helper_{}", chance.of(names))).replace("walked_X", "walked");
    let text = text.replace("VV", &format!("v{used}")).replace("WW", &format!("w{used}"));
    text.replace('X', chance.of(names))
        .replace('Y', chance.of(names))
        .replace('Z', chance.of(&["1", "\"x\""]))
        .replace('C', chance.of(&["0", "1", "\"x\"", "true", "false", "[]", "null"]))
}

fn body(chance: &mut Chance, used: &mut usize, all: bool) -> String {
    let lines = 1 + chance.below(2);
    (0..lines).map(|_| format!("\t{}\n", condition(chance, used, &NAMES, all))).collect()
}

fn policy(chance: &mut Chance) -> String {
    let mut text = "package p\n\n".to_owned();
    let mut used = 0;
    let write = |text: &mut String, line: String| writeln!(text, "{line}").unwrap();
    for name in NAMES {
        match chance.below(4) {
            0 => write(&mut text, format!("helper_{name} if {{\n{}}}\n", body(chance, &mut used, false))),
            1 => write(
                &mut text,
                format!(
                    "default helper_{name} := {}\n\nhelper_{name} := {} if {{\n{}}}\n",
                    chance.of(&["false", "0"]),
                    chance.of(&["true", "1", "0"]),
                    body(chance, &mut used, false)
                ),
            ),
            2 => write(
                &mut text,
                format!(
                    "helper_{name} := 1 if {{\n{}}} else := {} if {{\n{}}}\n",
                    body(chance, &mut used, false),
                    chance.of(&["0", "1", "false"]),
                    body(chance, &mut used, false)
                ),
            ),
            _ => write(
                &mut text,
                format!(
                    "helper_{name} := 1 if {{\n{}}}\n\nhelper_{name} := 1 if {{\n{}}}\n",
                    body(chance, &mut used, false),
                    body(chance, &mut used, false)
                ),
            ),
        }
    }
    write(
        &mut text,
        format!(
            "f(x) if {{\n\tx == {}\n}}\n\nf(x) if {{\n\tnot x\n{}}}\n",
            chance.of(&["1", "\"x\""]),
            body(chance, &mut used, false)
        ),
    );
    write(
        &mut text,
        format!("g(x) := 1 if {{\n\tx == {}\n}} else := 0\n", chance.of(&["1", "\"x\"", "null"])),
    );
    write(&mut text, format!("members contains 1 if {{\n{}}}\n", body(chance, &mut used, false)));
    write(
        &mut text,
        format!("members contains input.{} if {{\n{}}}\n", chance.of(&NAMES), body(chance, &mut used, false)),
    );
    write(
        &mut text,
        format!(
            "table[k] := v if {{\n\tsome k, v in {{\"t\": 1, \"u\": 0}}\n{}}}\n",
            body(chance, &mut used, false)
        ),
    );
    for (member, head) in
        [("nested.p contains 1", 0), ("nested.p contains \"x\"", 1), ("nested.q contains 2", 0)]
    {
        if head == 0 || chance.below(2) == 0 {
            write(&mut text, format!("{member} if {{\n{}}}\n", body(chance, &mut used, false)));
        }
    }
    for number in 1..3 {
        let key = chance.of(&["q", "r"]);
        write(
            &mut text,
            format!(
                "deep[k][\"{key}\"] := {number} if {{\n\tsome k in [\"p\"]\n{}}}\n",
                body(chance, &mut used, false)
            ),
        );
    }
    write(
        &mut text,
        format!(
            "by_unknown[k] := v if {{\n\tsome v in [1, 2]\n\tk := object.get(input, [\"{}\", \"a\", \"b\"][v - 1], v)\n{}}}\n",
            chance.of(&NAMES),
            body(chance, &mut used, false)
        ),
    );
    write(&mut text, format!("choice := input.{}\n", chance.of(&NAMES)));
    write(&mut text, format!("walked if {{\n\twalk(input, [_, {}])\n}}\n", chance.of(&["0", "1", "\"x\""])));
    for number in 0..3 {
        let head = match chance.below(4) {
            0 => format!("input.{}", chance.of(&NAMES)),
            1 => format!("sprintf_{}", number).replace("sprintf_", "10"),
            _ => format!("\"deny {number}\""),
        };
        write(&mut text, format!("deny contains {head} if {{\n{}}}\n", body(chance, &mut used, true)));
    }
    text
}

fn read(heap: &mut Heap, text: &str) -> Value {
    rego::parse_json(heap, text.as_bytes()).unwrap()
}

/// The members of `data.p.deny`, given each name's value: unknown, or one of [`VALUES`].
fn ask(compiled: &mut Compiled, values: [Option<usize>; 3]) -> Result<Vec<Member>, AskError> {
    let mut heap = Heap::new(BYTES);
    let mut pairs = Vec::new();
    let mut unknowns = 0;
    for (name, value) in NAMES.iter().zip(values) {
        let value = match value {
            None => {
                unknowns += 1;
                Value::unknown(UnknownId(unknowns - 1))
            }
            Some(at) => match VALUES[at] {
                Some(text) => read(&mut heap, text),
                None => continue,
            },
        };
        pairs.push([heap.string(name).unwrap(), value]);
    }
    let input = heap.object(pairs).unwrap();
    let data = heap.object(Vec::new()).unwrap();
    let documents = Documents::new(heap, Some(input), data).unwrap().with_unknowns(unknowns);
    let query = compiled.prepare("data.p.deny").unwrap();
    let mut session = compiled.session(&documents, &LIMITS).unwrap();
    let answer = session.ask(&query)?;
    let items = answer.items(answer.value().unwrap());
    let member = |it: &Item| Member {
        shown: answer.heap().shown(it.value),
        is_proved: it.hangs_on.is_empty() && !it.value.has_unknown(),
        has_unknown: it.value.has_unknown(),
    };
    Ok(items.iter().map(member).collect())
}

#[test]
fn whatever_unknowns_turn_out_to_be_what_is_proved_is_found_and_what_is_refuted_is_not() {
    let (mut proved_ones, mut open_ones, mut policies_tried) = (0, 0, 0);
    for seed in 0..600 {
        let mut chance = Chance(seed);
        let text = policy(&mut chance);
        let mut policies = Policies::new();
        policies.add("p.rego", &text, None).unwrap();
        // Some of what is generated can never hold, and is refused.
        let Ok(mut compiled) = policies.compile() else { continue };
        policies_tried += 1;
        for _ in 0..3 {
            let mut values = [0; 3].map(|_| Some(chance.below(VALUES.len())));
            let unknown: Vec<usize> =
                if chance.below(2) == 0 { vec![chance.below(3)] } else { vec![0, 1 + chance.below(2)] };
            for at in &unknown {
                values[*at] = None;
            }
            let Ok(items) = ask(&mut compiled, values) else { continue };
            proved_ones += items.iter().filter(|it| it.is_proved).count();
            open_ones += items.iter().filter(|it| !it.is_proved).count();
            for first in 0..VALUES.len() {
                for second in 0..if unknown.len() == 2 { VALUES.len() } else { 1 } {
                    let mut known = values;
                    for (at, value) in unknown.iter().zip([first, second]) {
                        known[*at] = Some(value);
                    }
                    // A contradiction that only some values lead to is told when they are known.
                    let Ok(found) = ask(&mut compiled, known) else { continue };
                    let found: Vec<String> = found.into_iter().map(|it| it.shown).collect();
                    let context =
                        || format!("seed {seed}: {values:?} as {known:?}: {found:?}, and {items:?}\n{text}");
                    for Member { shown, .. } in items.iter().filter(|it| it.is_proved) {
                        assert!(found.contains(shown), "{shown} is proved and not found\n{}", context());
                    }
                    for item in &found {
                        let is_possible = items.iter().any(|it| it.shown == *item || it.has_unknown);
                        assert!(is_possible, "{item} is refuted and found\n{}", context());
                    }
                }
            }
        }
    }
    assert!(
        policies_tried > 100 && proved_ones > 100 && open_ones > 100,
        "{policies_tried} {proved_ones} {open_ones}"
    );
}
