//! Replaces the values of URL parameters that are secrets: `?private_token=…`.
//!
//! Source: GitLab Runner, `common/buildlogger`; the list of names is its.

use super::masks::MASKED;

/// In lower case; they are compared without case.
const NAMES: [&[u8]; 6] = [
    b"private_token",
    b"authenticity_token",
    b"rss_token",
    b"x-amz-signature",
    b"x-amz-credential",
    b"x-amz-security-token",
];

/// Replaces values of parameters.
#[derive(Debug, Default)]
pub(super) struct UrlParameters {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Outside,
    /// After `?` or `&`, with so much of a name.
    Name(Vec<u8>),
    Value,
}

impl UrlParameters {
    /// Takes `bytes`, and gives them without such values. Names pass as they come.
    pub(super) fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while let Some((&first, rest)) = bytes.split_first() {
            match &mut self.state {
                State::Outside => {
                    let length = memchr::memchr2(b'?', b'&', bytes).map_or(bytes.len(), |it| {
                        self.state = State::Name(Vec::new());
                        it + 1
                    });
                    let (passed, left) = bytes.split_at(length);
                    out.extend_from_slice(passed);
                    bytes = left;
                }
                State::Name(name) => {
                    out.push(first);
                    bytes = rest;
                    if first == b'=' && NAMES.contains(&name.as_slice()) {
                        out.extend_from_slice(MASKED);
                        self.state = State::Value;
                    } else if matches!(first, b'?' | b'&') {
                        name.clear();
                    } else {
                        name.push(first.to_ascii_lowercase());
                        if !NAMES.iter().any(|it| it.starts_with(name)) {
                            self.state = State::Outside;
                        }
                    }
                }
                State::Value => {
                    let ends = |it: &u8| matches!(it, b'?' | b'&' | b' ') || it.is_ascii_control();
                    let end = bytes.iter().position(ends);
                    if end.is_some() {
                        self.state = State::Outside;
                    }
                    bytes = bytes.get(end.unwrap_or(bytes.len())..).unwrap_or_default();
                }
            }
        }
    }

    /// What comes next does not go on with what came.
    pub(super) fn flush(&mut self) {
        self.state = State::Outside;
    }
}
