//! Addresses of schemas, and of parts of them, as Go's `net/url` reads, joins and writes them.

/// An address, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Address {
    scheme: String,
    authority: Option<String>,
    path: String,
    query: Option<String>,
    fragment: String,
}

impl Address {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as Go says it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("parse {text:?}: {why}"));
        if text.bytes().any(|it| it < b' ' || it == 0x7f) {
            return wrong("net/url: invalid control character in URL");
        }
        if let Some(escape) = wrong_escape(text) {
            return wrong(&format!("invalid URL escape {escape:?}"));
        }
        let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
        if rest.starts_with(':') {
            return wrong("missing protocol scheme");
        }
        let (scheme, rest) = match scheme_length(rest) {
            Some(length) => {
                let (scheme, rest) = rest.split_at(length);
                (scheme.to_ascii_lowercase(), rest.get(1..).unwrap_or_default())
            }
            None => (String::new(), rest),
        };
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query.to_owned())),
            None => (rest, None),
        };
        let first = rest.split('/').next().unwrap_or_default();
        if scheme.is_empty() && first.contains(':') {
            return wrong("first path segment in URL cannot contain colon");
        }
        let (authority, path) = match rest.strip_prefix("//") {
            Some(behind) => {
                let end = behind.find('/').unwrap_or(behind.len());
                let (authority, path) = behind.split_at(end);
                (Some(authority.to_owned()), path)
            }
            None => (None, rest),
        };
        Ok(Self { scheme, authority, path: path.to_owned(), query, fragment: fragment.to_owned() })
    }

    /// What `other` means where this is the address around it.
    pub(super) fn join(&self, other: &Self) -> Self {
        let mut joined = other.clone();
        if !other.scheme.is_empty() || other.authority.is_some() {
            if other.scheme.is_empty() {
                joined.scheme.clone_from(&self.scheme);
            }
            if !joined.is_opaque() {
                joined.path = without_dots("", &other.path);
            }
            return joined;
        }
        joined.scheme.clone_from(&self.scheme);
        joined.authority.clone_from(&self.authority);
        if other.path.is_empty() && other.query.is_none() {
            joined.query.clone_from(&self.query);
            if other.fragment.is_empty() {
                joined.fragment.clone_from(&self.fragment);
            }
        }
        joined.path = if self.is_opaque() && other.path.is_empty() {
            self.path.clone()
        } else {
            without_dots(&self.path, &other.path)
        };
        joined
    }

    /// Whether what follows the scheme is no path: `urn:x:y`.
    fn is_opaque(&self) -> bool {
        !self.scheme.is_empty() && self.authority.is_none() && !self.path.starts_with('/')
    }

    /// The address without what stands behind `#`.
    pub(super) fn of_document(&self) -> Self {
        Self { fragment: String::new(), ..self.clone() }
    }

    /// Whether it says all that is needed to load something from it.
    pub(super) fn is_complete(&self) -> bool {
        !self.scheme.is_empty()
            && (self.authority.as_ref().is_some_and(|it| !it.is_empty())
                || self.scheme == "file" && self.path.starts_with('/'))
    }

    /// The keys that lead from a document to its part; none where what stands behind `#` is no pointer.
    pub(super) fn pointer(&self) -> Vec<String> {
        let decoded = decoded(&self.fragment);
        match decoded.strip_prefix('/') {
            Some(keys) => keys.split('/').map(|it| it.replace("~1", "/").replace("~0", "~")).collect(),
            None => Vec::new(),
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.scheme.is_empty() {
            write!(formatter, "{}:", self.scheme)?;
        }
        if let Some(authority) = &self.authority {
            write!(formatter, "//{authority}")?;
        }
        formatter.write_str(&self.path)?;
        if let Some(query) = &self.query {
            write!(formatter, "?{query}")?;
        }
        if !self.fragment.is_empty() {
            write!(formatter, "#{}", self.fragment)?;
        }
        Ok(())
    }
}

/// How long a scheme is that stands before a colon.
pub(super) fn scheme_length(text: &str) -> Option<usize> {
    let length = text.find(':')?;
    let scheme = text.get(..length)?;
    let is_scheme = scheme.starts_with(|it: char| it.is_ascii_alphabetic())
        && scheme.bytes().all(|it| it.is_ascii_alphanumeric() || b"+-.".contains(&it));
    is_scheme.then_some(length)
}

/// The first percent sign without two hexadecimal digits, and what stands there.
pub(super) fn wrong_escape(text: &str) -> Option<&str> {
    text.match_indices('%').find_map(|(at, _)| {
        let behind = text.get(at + 1..).unwrap_or_default();
        let digits = behind.bytes().take(2).filter(u8::is_ascii_hexdigit).count();
        let end = behind.char_indices().nth(2).map_or(text.len(), |(index, _)| at + 1 + index);
        (digits < 2).then(|| text.get(at..end).unwrap_or_default())
    })
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let escaped = behind.get(..2).filter(|_| *first == b'%').and_then(|it| hex::decode(it).ok());
        match escaped.as_deref() {
            Some([byte]) => {
                bytes.push(*byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A path where another one is the place, `.` and `..` taken out.
fn without_dots(place: &str, path: &str) -> String {
    let whole = if path.is_empty() {
        place.to_owned()
    } else if path.starts_with('/') {
        path.to_owned()
    } else {
        let directory = place.rfind('/').map_or("", |it| place.get(..=it).unwrap_or_default());
        format!("{directory}{path}")
    };
    if whole.is_empty() {
        return whole;
    }
    let mut kept: Vec<&str> = Vec::new();
    let relative = whole.strip_prefix('/').unwrap_or(&whole);
    let mut ends_in_directory = false;
    for part in relative.split('/') {
        ends_in_directory = matches!(part, "." | "..");
        match part {
            "." => {}
            ".." => {
                kept.pop();
            }
            _ => kept.push(part),
        }
    }
    let end = if ends_in_directory && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_joined_as_in_go() {
        for (place, other, wanted) in [
            ("", "", ""),
            ("", "#", ""),
            ("", "#/definitions/a", "#/definitions/a"),
            ("", "foo.json", "/foo.json"),
            ("", "foo.json#/a", "/foo.json#/a"),
            ("http://x/y", "#", "http://x/y"),
            ("http://x/y", "a", "http://x/a"),
            ("http://x/y/", "a#b", "http://x/y/a#b"),
            ("http://x/y/z", "../a", "http://x/a"),
            ("http://x/y/z", "..", "http://x/"),
            ("http://x", "a", "http://x/a"),
            ("http://x/y#b", "", "http://x/y#b"),
            ("http://x/y", "//z/a", "http://z/a"),
            ("http://x/y", "HTTPS://z/./a", "https://z/a"),
            ("urn:a:b", "#c", "urn:a:b#c"),
        ] {
            let joined = Address::read(place).expect(place).join(&Address::read(other).expect(other));
            assert_eq!(joined.to_string(), wanted, "{place} {other}");
        }
    }

    #[test]
    fn what_is_no_address_is_told() {
        for (text, wanted) in [
            ("%%", r#"parse "%%": invalid URL escape "%%""#),
            ("a%2", r#"parse "a%2": invalid URL escape "%2""#),
            (":a", r#"parse ":a": missing protocol scheme"#),
            ("1:a", r#"parse "1:a": first path segment in URL cannot contain colon"#),
        ] {
            assert_eq!(Address::read(text), Err(wanted.to_owned()), "{text}");
        }
    }

    #[test]
    fn pointers_are_decoded() {
        let pointer = |it: &str| Address::read(it).expect(it).pointer();
        assert_eq!(pointer("#/a~1b/c~0d/e%25f/"), ["a/b", "c~d", "e%f", ""]);
        assert!(pointer("#a").is_empty() && pointer("").is_empty());
    }
}
