//! Keeps what a plan marks as sensitive out of every text that leaves the evaluation.
//!
//! Policies see the plan as it is, or they could not judge it. Their texts are searched for sensitive values: as they
//! are, in other cases, and as JSON, URLs, base64 and hexadecimal digits write them. Anything else that a policy
//! computes from such a value (a part, a hash) cannot be recognized. Addresses of resources stay: see `addresses.rs`.

mod addresses;
mod copy;
mod marks;
mod secrets;

use crate::node::Node;
use addresses::Addresses;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
pub(crate) use copy::write_copy;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrets::Secrets;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::OnceLock;

/// The text in place of a sensitive value.
pub(crate) const MASK: &str = "(sensitive value)";
/// The same, where a sensitive value is a part of the words above.
const OTHER_MASK: &str = "***";

/// From how many characters on a value is searched for everywhere. Shorter ones count where they stand alone: a
/// sensitive `7` is not a part of `2027`.
const LONG: usize = 6;
/// Bytes of a value that are searched for. Where they are found, what follows is hidden as far as it is the value: a
/// search for whole certificates would take hundreds of times their size.
const SEARCHED: usize = 32;
/// Bytes of a text that are looked at. Nobody is shown that much.
const MAX_TEXT: usize = 16 * 1024;
/// How often a text is searched again, because a mask and its neighbours may look like yet another value.
const PASSES: usize = 4;
/// What URLs leave as it is, besides letters and digits. Source: RFC 3986, section 2.3.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The sensitive values of one plan.
#[derive(Debug)]
pub(crate) enum Redaction<'p> {
    /// There are none.
    Nothing,
    Values(Search<'p>),
    /// There are more than can be searched for: no text can be trusted.
    Everything,
}

#[derive(Debug)]
pub(crate) struct Search<'p> {
    automaton: AhoCorasick,
    /// What the automaton finds the beginnings of.
    values: Vec<String>,
    mask: &'static str,
    plan: Node<'p>,
    /// Those of the plan, looked up when something is found for the first time.
    addresses: OnceLock<Addresses>,
}

impl<'p> Redaction<'p> {
    /// Finds everything that a plan marks as sensitive.
    pub(crate) fn of(plan: Node<'p>) -> Self {
        Self::of_secrets(&Secrets::of(plan), plan)
    }

    fn of_secrets(secrets: &Secrets, plan: Node<'p>) -> Self {
        let mut values: BTreeSet<String> = BTreeSet::new();
        for value in &secrets.values {
            values.insert(value.clone());
            values.extend(written_otherwise(value).into_iter().filter(|it| is_long(it)));
        }
        for line in &secrets.lines {
            values.insert(line.clone());
            values.insert(in_json(line));
        }
        values.remove("");
        if values.is_empty() {
            return Self::Nothing;
        }
        let mask = if values.iter().any(|it| is_in_mask(it)) { OTHER_MASK } else { MASK };
        let values: Vec<String> = values.into_iter().collect();
        let beginnings = values.iter().map(|it| it.get(..it.floor_char_boundary(SEARCHED)).unwrap_or(it));
        let mut builder = AhoCorasickBuilder::new();
        builder.ascii_case_insensitive(true).match_kind(MatchKind::Standard);
        // It fails for gigabytes of values only.
        match builder.build(beginnings) {
            Ok(automaton) => {
                Self::Values(Search { automaton, values, mask, plan, addresses: OnceLock::new() })
            }
            Err(_too_many) => Self::Everything,
        }
    }

    /// `text` without sensitive values.
    pub(crate) fn redact(&self, text: &str) -> String {
        let search = match self {
            Self::Nothing => return text.to_owned(),
            Self::Values(search) => search,
            Self::Everything => return OTHER_MASK.to_owned(),
        };
        let Some(beginning) =
            text.get(..text.floor_char_boundary(MAX_TEXT)).filter(|it| it.len() < text.len())
        else {
            return search.redact_all(text);
        };
        let mut redacted = search.redact_all(beginning);
        // What else it ends with may be too little of a value to be recognized.
        if !redacted.ends_with(search.mask) {
            redacted.truncate(redacted.floor_char_boundary(redacted.len().saturating_sub(SEARCHED)));
        }
        redacted
    }
}

impl Search<'_> {
    /// Again, until there is nothing left to hide.
    fn redact_all(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for _pass in 0..PASSES {
            match self.redact(&text) {
                None => return text,
                Some(redacted) => text = redacted,
            }
        }
        if self.redact(&text).is_some() { self.mask.to_owned() } else { text }
    }

    /// `None` where there is nothing to hide.
    fn redact(&self, text: &str) -> Option<String> {
        // All matches, however they overlap: what they cover together is hidden, not what the first of them leaves.
        let mut covered = self.found(text);
        if !covered.is_empty() {
            let public = self.addresses.get_or_init(|| Addresses::of(self.plan)).public_parts(text);
            covered.retain(|it| !public.iter().any(|part| part.start <= it.start && it.end <= part.end));
        }
        if covered.is_empty() {
            return None;
        }
        covered.sort_unstable_by_key(|it| (it.start, it.end));
        let mut redacted = String::with_capacity(text.len());
        let mut done = 0;
        let mut hidden_to = 0;
        for Range { start, end } in covered {
            if start >= hidden_to {
                redacted.push_str(text.get(done..start).unwrap_or_default());
                redacted.push_str(self.mask);
            }
            hidden_to = hidden_to.max(end);
            done = hidden_to;
        }
        redacted.push_str(text.get(done..).unwrap_or_default());
        Some(redacted)
    }

    /// Where values are, as far as they are there.
    fn found(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        // To where long values were found. What comes after that is looked at in the next pass, or a value that repeats
        // itself would be compared over and over.
        let mut done: HashMap<usize, usize> = HashMap::new();
        for beginning in self.automaton.find_overlapping_iter(text) {
            let (start, number) = (beginning.start(), beginning.pattern().as_usize());
            let Some(value) = self.values.get(number) else { continue };
            if done.get(&number).is_some_and(|it| start < *it) {
                continue;
            }
            let rest = text.as_bytes().iter().skip(start);
            let same = rest.zip(value.as_bytes()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
            let end = text.ceil_char_boundary(start + same);
            if value.len() > SEARCHED {
                done.insert(number, end);
            }
            if is_long(value) || stands_alone(text, start, end) {
                found.push(start..end);
            }
        }
        found
    }
}

/// Whether a mask would hold the value.
fn is_in_mask(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let ends = |(start, it): (usize, &str)| is_long(it) || stands_alone(MASK, start, start + it.len());
    MASK.match_indices(&*value).any(ends)
}

fn is_long(value: &str) -> bool {
    value.chars().nth(LONG - 1).is_some()
}

fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let is_word = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '_');
    let before = text.get(..start).and_then(|it| it.chars().next_back());
    let after = text.get(end..).and_then(|it| it.chars().next());
    !is_word(before) && !is_word(after)
}

/// A value as other formats write it.
fn written_otherwise(value: &str) -> Vec<String> {
    let mut forms = vec![
        value.trim().to_owned(),
        in_json(value),
        value.escape_debug().to_string(),
        utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
        utf8_percent_encode(value, UNRESERVED).to_string(),
        // As forms have it.
        utf8_percent_encode(value, UNRESERVED).to_string().replace("%20", "+"),
        STANDARD_NO_PAD.encode(value),
        URL_SAFE_NO_PAD.encode(value),
        hex::encode(value),
    ];
    // The search itself takes no account of the case of ASCII letters.
    if !value.is_ascii() {
        forms.extend([value.to_lowercase(), value.to_uppercase()]);
    }
    forms
}

fn in_json(value: &str) -> String {
    let json = serde_json::to_string(value).unwrap_or_default();
    json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// A plan that lives as long as the tests.
#[cfg(test)]
fn leaked(plan: &serde_json::Value) -> Node<'static> {
    let mut heap = rego::Heap::new(1 << 26);
    let value = rego::parse_json(&mut heap, plan.to_string().as_bytes()).unwrap();
    Node::new(Box::leak(Box::new(heap)), value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn redaction(plan: &serde_json::Value) -> Redaction<'static> {
        Redaction::of(leaked(plan))
    }

    fn hiding(values: &[&str]) -> Redaction<'static> {
        hiding_in(values, &json!({}))
    }

    fn hiding_in(values: &[&str], plan: &serde_json::Value) -> Redaction<'static> {
        let values = values.iter().map(|it| (*it).to_owned()).collect();
        Redaction::of_secrets(&Secrets { values, lines: BTreeSet::new() }, leaked(plan))
    }

    /// A certificate, a file of values: a text that holds one is hidden as far as it is one, and searching takes no
    /// more than the text does.
    #[test]
    fn a_long_value_is_hidden_as_far_as_it_is_there() {
        let letter = |it: u64| char::from(b'a' + u8::try_from(it * it % 23).unwrap());
        let long: String = (0..100_000).map(letter).collect();
        let redaction = hiding(&[&long]);
        assert_eq!(redaction.redact(&format!("it is {}!", &long[..9_000])), "it is (sensitive value)!");
        // Of a text that is too long, what is left ends before what might be a part of a value.
        for around in 16_300..16_400 {
            let redacted = redaction.redact(&format!("{}{long}", "-".repeat(around)));
            assert!(["", MASK].contains(&redacted.trim_start_matches('-')), "{around}: {redacted}");
        }
        assert_eq!(redaction.redact(&format!("it is {}, cut", &long[..40])), "it is (sensitive value), cut");
        let Redaction::Values(search) = redaction else { panic!("there is a value") };
        assert!(search.automaton.memory_usage() < 1 << 20, "{}", search.automaton.memory_usage());
    }

    /// What lies in the address of a resource stays there, and an address in a value hides nothing of that. P-05: a key of
    /// `for_each` that is a sensitive value does not.
    #[test]
    fn an_address_stays_and_what_holds_one_goes() {
        let plan = json!({ "resource_changes": [
            { "address": "aws_db_instance.main" }, { "address": "aws_ssm_parameter.db[\"hunter2\"]" },
        ] });
        let values = ["see-aws_db_instance.main-token", "db_instance", "main", "hunter2", "db"];
        let redaction = hiding_in(&values, &plan);
        let redact = |text| redaction.redact(text);
        assert_eq!(redact("aws_db_instance.main is"), "aws_db_instance.main is");
        assert_eq!(redact("main in aws_db_instance.main"), "(sensitive value) in aws_db_instance.main");
        assert_eq!(redact("aws_db_instance.main: db_instance"), "aws_db_instance.main: (sensitive value)");
        assert_eq!(redact("a see-aws_db_instance.main-token b"), "a (sensitive value) b");
        assert_eq!(
            redact("aws_ssm_parameter.db is, other.db"),
            "aws_ssm_parameter.db is, other.(sensitive value)"
        );
        assert_eq!(
            redact("aws_ssm_parameter.db[\"hunter2\"].name"),
            "aws_ssm_parameter.db[\"(sensitive value)\"].name"
        );
    }

    #[test]
    fn a_value_is_found_in_other_spellings() {
        let redaction = hiding(&["hunter2-/\"ä\"+x", "7", "-----\nabcdefgh\n"]);
        for text in [
            "hunter2-/\"ä\"+x",
            "HUNTER2-/\"ä\"+X",
            "HUNTER2-/\"Ä\"+X",
            r#"hunter2-/\"ä\"+x"#,
            "hunter2-%2F%22%C3%A4%22%2Bx",
            "hunter2%2D%2F%22%C3%A4%22%2Bx",
            "aHVudGVyMi0vIsOkIit4",
            "68756e746572322d2f22c3a4222b78",
        ] {
            let redacted = redaction.redact(text);
            assert!(redacted.trim_end_matches('=') == MASK, "{text} is {redacted}");
        }
        assert_eq!(redaction.redact("2027, 7, a7, [7]"), "2027, (sensitive value), a7, [(sensitive value)]");
        let redaction = hiding_in(&["7"], &json!({ "resource_changes": [{ "address": "a.b[7]" }] }));
        assert_eq!(redaction.redact("a.b[7] is 7"), "a.b[7] is (sensitive value)");
    }

    #[test]
    fn a_mask_gives_nothing_away_itself() {
        let redaction = hiding(&["", "7"]);
        assert_eq!(redaction.redact("it is 7"), "it is (sensitive value)");
        let redaction = hiding(&["sensitive"]);
        assert_eq!(redaction.redact("it is Sensitive"), "it is ***");
    }

    proptest! {
        /// Whatever a policy writes around sensitive values, none of them is left in it.
        #[test]
        fn no_sensitive_value_is_left(
            secrets in prop::collection::vec("\\PC{6,20}|[a-c]{6,9}|[(sve *)]{6,8}", 1..6),
            words in prop::collection::vec("\\PC{0,8}|[a-c]{0,4}", 1..8),
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
            upper: bool,
        ) {
            let mut text = String::new();
            for (number, index) in order.iter().enumerate() {
                let from = if number % 2 == 0 { &secrets } else { &words };
                text.push_str(&from[index.index(from.len())]);
            }
            let text = if upper { text.to_ascii_uppercase() } else { text };
            let plan = json!({ "change": { "after": { "x": secrets }, "after_sensitive": { "x": true } } });
            let redacted = redaction(&plan).redact(&text).to_ascii_lowercase();
            for secret in &secrets {
                prop_assert!(!redacted.contains(&secret.to_ascii_lowercase()), "{secret:?} is in {redacted:?}");
            }
        }
    }
}
