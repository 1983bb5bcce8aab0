//! Whether a text is an address of mail, as Go's `net/mail` reads one: `a@b`, `Name <a@b>`, `"a b"@[1.2.3.4]`.

/// Whether a text is one address, and nothing else.
pub(super) fn is_address(text: &str) -> bool {
    let mut reader = Reader { rest: text };
    reader.skip_space().is_some() && reader.address(false).is_some() && reader.rest.is_empty()
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn address(&mut self, in_group: bool) -> Option<()> {
        let begin = self.rest;
        if self.address_itself().is_some() {
            self.skip_space()?;
            if !self.rest.starts_with('<') {
                return Some(());
            }
        }
        self.rest = begin;
        // A name, and an address in angle brackets.
        while !self.rest.starts_with('<') {
            self.word(true)?;
            self.skip_space()?;
            // A group of one: `name: a@b;`.
            if let (false, Some(behind)) = (in_group, self.rest.strip_prefix(':')) {
                self.rest = behind;
                self.skip_space()?;
                self.address(true)?;
                self.skip_space()?;
                self.rest = self.rest.strip_prefix(';')?;
                return self.skip_space();
            }
        }
        self.rest = self.rest.strip_prefix('<')?;
        self.address_itself()?;
        self.rest = self.rest.strip_prefix('>')?;
        self.skip_space()
    }

    fn address_itself(&mut self) -> Option<()> {
        self.word(false)?;
        self.skip_blanks();
        self.rest = self.rest.strip_prefix('@')?;
        self.skip_blanks();
        if let Some(behind) = self.rest.strip_prefix('[') {
            let (literal, behind) = behind.split_once(']')?;
            literal.parse::<std::net::IpAddr>().ok()?;
            self.rest = behind;
            return Some(());
        }
        self.atom(false)
    }

    /// A text in quotes, or an atom.
    fn word(&mut self, is_name: bool) -> Option<()> {
        let Some(quoted) = self.rest.strip_prefix('"') else { return self.atom(is_name) };
        let mut characters = quoted.chars();
        let mut length = 0;
        loop {
            let it = characters.next()?;
            match it {
                '"' if length == 0 && !is_name => return None,
                '"' => break,
                '\\' => {
                    characters.next().filter(|it| is_visible(*it) || matches!(it, ' ' | '\t'))?;
                }
                it if is_visible(it) || matches!(it, ' ' | '\t') => {}
                _ => return None,
            }
            length += 1;
        }
        self.rest = characters.as_str();
        Some(())
    }

    /// Characters without a blank; in a name, points may stand anywhere.
    fn atom(&mut self, is_name: bool) -> Option<()> {
        let length = self.rest.find(|it| !is_of_atom(it)).unwrap_or(self.rest.len());
        let (atom, behind) = self.rest.split_at_checked(length)?;
        let has_points = atom.starts_with('.') || atom.ends_with('.') || atom.contains("..");
        if atom.is_empty() || !is_name && has_points {
            return None;
        }
        self.rest = behind;
        Some(())
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Blanks and comments in parentheses, which may stand in each other.
    fn skip_space(&mut self) -> Option<()> {
        self.skip_blanks();
        while let Some(comment) = self.rest.strip_prefix('(') {
            let (mut depth, mut escaped) = (1_usize, false);
            let end = comment.char_indices().find(|(_, it)| {
                match it {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            self.rest = comment.get(end?.0 + 1..)?;
            self.skip_blanks();
        }
        Some(())
    }
}

fn is_of_atom(it: char) -> bool {
    it == '.' || is_visible(it) && !"()<>[]:;@\\,\"".contains(it)
}

fn is_visible(it: char) -> bool {
    matches!(it, '!'..='~') || !it.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_go() {
        for text in [
            "a@b",
            "a.b+c@d.e",
            "Name <a@b>",
            "\"a b\"@c",
            "<a@b>",
            "a@[1.2.3.4]",
            "ä@ö",
            "A. B <a@b>",
            " a@b (x)",
        ] {
            assert!(is_address(text), "{text}");
        }
        for text in [
            "",
            "a",
            "@b",
            "a@",
            "a..b@c",
            ".a@b",
            "a@b.",
            "a b@c",
            "a@b, c@d",
            "a@b c",
            "\"\"@c",
            "(a@b",
            "a: b: c@d;;",
            "a: b@c, d@e;",
            "a:;",
        ] {
            assert!(!is_address(text), "{text}");
        }
    }
}
