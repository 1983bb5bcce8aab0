//! Reads `.terraformignore` as HCP Terraform's clients do: like `.gitignore`, and not quite.
//!
//! * A rule matches whole paths, so `tests` leaves out what is named so, but not what lies in a directory of that
//!   name; `tests/` leaves out the directory with all in it.
//! * A rule may match at any depth unless it begins with `/`; a slash in its middle does not bind it to the root.
//! * The last rule that matches decides; `!` takes back in, also below a directory that was left out.

/// What is left out of an archive.
#[derive(Debug)]
pub(crate) struct IgnoreRules(Vec<Rule>);

#[derive(Debug, PartialEq, Eq)]
struct Rule {
    pattern: Vec<Piece>,
    negated: bool,
    /// A rule further down takes something back in, so what this one leaves out has to be looked through.
    negations_after: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Character(char),
    /// `?`: any character but a slash.
    One,
    /// `*`: any number of characters but slashes.
    Any,
    /// `**`, `**/`: any number of whole directories, also none.
    Directories,
    /// `**` at the end: whatever follows.
    Rest,
    /// `[…]`
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

/// What the rules say about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Kept,
    /// Left out; but something below it may be kept.
    LeftOut,
    /// Left out with all that is below it.
    LeftOutWhole,
}

/// What holds without a file, and before its rules.
const DEFAULTS: &str = ".git/\n.terraform/\n!.terraform/modules/\n";

impl IgnoreRules {
    /// The default rules, and behind them those of a file.
    pub(crate) fn new(file: &str) -> Self {
        let mut rules: Vec<Rule> = DEFAULTS.lines().chain(file.lines()).filter_map(Rule::parse).collect();
        let mut negations_after = false;
        for rule in rules.iter_mut().rev() {
            rule.negations_after = negations_after;
            negations_after |= rule.negated;
        }
        Self(rules)
    }

    /// What becomes of `path`: relative, with slashes, and with a slash at its end to mean a directory with all in it.
    pub(crate) fn verdict(&self, path: &str) -> Verdict {
        let path: Vec<char> = path.chars().collect();
        match self.0.iter().rev().find(|it| matches(&it.pattern, &path)) {
            None => Verdict::Kept,
            Some(rule) if rule.negated => Verdict::Kept,
            Some(rule) if rule.negations_after => Verdict::LeftOut,
            Some(_) => Verdict::LeftOutWhole,
        }
    }
}

impl Rule {
    fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (line, negated) = line.strip_prefix('!').map_or((line, false), |it| (it, true));
        let (mut pattern, line) = match line.strip_prefix('/') {
            Some(line) => (Vec::new(), line),
            None => (vec![Piece::Directories], line),
        };
        pattern.extend(pieces(line));
        if line.ends_with('/') {
            pattern.push(Piece::Rest);
        }
        let empty = line.is_empty();
        (!empty).then_some(Self { pattern, negated, negations_after: false })
    }
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let characters: Vec<char> = pattern.chars().collect();
    let mut pieces = Vec::new();
    let mut rest = characters.as_slice();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        let piece = match (first, behind) {
            ('*', ['*', '/']) => {
                rest = &[];
                Piece::Rest
            }
            ('*', ['*', '/', behind @ ..]) => {
                rest = behind;
                Piece::Directories
            }
            ('*', ['*']) => {
                rest = &[];
                Piece::Rest
            }
            ('*', ['*', behind @ ..]) => {
                rest = behind;
                Piece::Directories
            }
            ('*', _) => Piece::Any,
            ('?', _) => Piece::One,
            ('\\', [escaped, behind @ ..]) => {
                rest = behind;
                Piece::Character(*escaped)
            }
            ('[', _) => match class(behind) {
                Some((class, behind)) => {
                    rest = behind;
                    class
                }
                None => Piece::Character('['),
            },
            (other, _) => Piece::Character(*other),
        };
        pieces.push(piece);
    }
    pieces
}

/// What stands behind a `[`, and what comes behind its `]`.
fn class(characters: &[char]) -> Option<(Piece, &[char])> {
    let (negated, characters) = match characters {
        ['^' | '!', rest @ ..] => (true, rest),
        _ => (false, characters),
    };
    let end = characters.iter().skip(1).position(|it| *it == ']')? + 1;
    let (mut inside, behind) = (characters.get(..end)?, characters.get(end + 1..)?);
    let mut ranges = Vec::new();
    while let [first, rest @ ..] = inside {
        inside = rest;
        match rest {
            ['-', last, rest @ ..] => {
                inside = rest;
                ranges.push((*first, *last));
            }
            _ => ranges.push((*first, *first)),
        }
    }
    Some((Piece::Class { negated, ranges }, behind))
}

fn matches(pattern: &[Piece], path: &[char]) -> bool {
    let Some((piece, pattern)) = pattern.split_first() else { return path.is_empty() };
    // Where the rest of the pattern may begin, when the piece takes any number of characters.
    let starts = |takes: fn(&char) -> bool| {
        let longest = path.iter().take_while(|it| takes(it)).count();
        (0..=longest).filter_map(|at| path.get(at..))
    };
    match (piece, path.split_first()) {
        (Piece::Rest, _) => true,
        (Piece::Any, _) => starts(|it| *it != '/').any(|path| matches(pattern, path)),
        (Piece::Directories, _) => {
            matches(pattern, path)
                || path.iter().enumerate().any(|(at, character)| {
                    *character == '/' && path.get(at + 1..).is_some_and(|path| matches(pattern, path))
                })
        }
        (_, None) => false,
        (Piece::Character(expected), Some((first, path))) => expected == first && matches(pattern, path),
        (Piece::One, Some((first, path))) => *first != '/' && matches(pattern, path),
        (Piece::Class { negated, ranges }, Some((first, path))) => {
            let inside = ranges.iter().any(|(from, to)| (from..=to).contains(&first));
            inside != *negated && matches(pattern, path)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, table: &[(&str, Verdict)]) {
        let rules = IgnoreRules::new(file);
        for (path, verdict) in table {
            assert_eq!(rules.verdict(path), *verdict, "{path}");
        }
    }

    #[test]
    fn defaults_leave_out_git_and_terraform_but_not_modules() {
        check(
            "",
            &[
                (".git/", Verdict::LeftOut),
                (".git/config", Verdict::LeftOut),
                ("vendor/.git/config", Verdict::LeftOut),
                (".github/workflows/ci.yml", Verdict::Kept),
                (".terraform/", Verdict::LeftOut),
                (".terraform/providers/x", Verdict::LeftOut),
                (".terraform/modules/", Verdict::Kept),
                (".terraform/modules/vpc/main.tf", Verdict::Kept),
                ("live/.terraform/modules/modules.json", Verdict::Kept),
                (".terraform.lock.hcl", Verdict::Kept),
                ("main.tf", Verdict::Kept),
            ],
        );
    }

    #[test]
    fn rules_of_a_file_come_behind() {
        let file = "\
            # comment\n\
            \n\
            baz.txt\n\
            terraform.d/\n\
            !/terraform.d/\n\
            **/foo/bar.tf\n\
            *.md\n\
            bar/something-[a-z].txt\n\
            boop.txt\n\
            !/boop.txt\n\
            docs/**/draft?\n\
            a\\*b\n\
            !.terraform/terraform.tfstate\n\
            tmp/\n";
        check(
            file,
            &[
                ("baz.txt", Verdict::LeftOut),
                ("parent/baz.txt", Verdict::LeftOut),
                ("with-baz.txt", Verdict::Kept),
                ("baz.txt/inside", Verdict::Kept),
                ("some-module/terraform.d/x", Verdict::LeftOut),
                ("terraform.d/foo", Verdict::Kept),
                ("parent/foo/bar.tf", Verdict::LeftOut),
                ("parent/bar/bar.tf", Verdict::Kept),
                ("deep/er/README.md", Verdict::LeftOut),
                ("bar/something-a.txt", Verdict::LeftOut),
                ("bar/something-1.txt", Verdict::Kept),
                ("baz/boop.txt", Verdict::LeftOut),
                ("boop.txt", Verdict::Kept),
                ("docs/draft1", Verdict::LeftOut),
                ("docs/a/b/draft2", Verdict::LeftOut),
                ("docs/draft12", Verdict::Kept),
                ("a*b", Verdict::LeftOut),
                ("axb", Verdict::Kept),
                (".terraform/terraform.tfstate", Verdict::Kept),
                ("tmp/", Verdict::LeftOutWhole),
                ("tmp", Verdict::Kept),
            ],
        );
    }

    #[test]
    fn what_is_left_open_is_meant_as_written() {
        check("a[b\n/\n!\n", &[("a[b", Verdict::LeftOutWhole), ("x", Verdict::Kept)]);
        check("[!a-c]x\n", &[("dx", Verdict::LeftOutWhole), ("bx", Verdict::Kept)]);
    }
}
