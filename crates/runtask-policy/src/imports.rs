//! Writes names out, for an engine that does not find what they stand for.
//!
//! Imports: `data.lib.x` for the `lib.x` of a file that imports `data.lib`. For `lib.x` the engine works out every rule
//! below `data.lib`, and takes it for a recursion where one of them is what is being worked out: the rules of two
//! packages below `lib` that both import it. Of `data.lib.x` it works out `x`.
//!
//! Targets of `with`: `with data.main.x as 1` for the `with x as 1` of a file of the package `main`.
//!
//! Lines stay as they are, columns do not.

use crate::functions::FUNCTIONS;
use crate::message::Trouble;
use crate::source_file::SourceFile;
use regorus::unstable::{BUILTINS, Lexer, Source, Token, TokenKind};
use std::collections::HashMap;
use std::ops::Range;

/// The text of a file with its names written out, where that changes anything.
///
/// The name of an import that also stands alone may be a variable of a rule, so then none of its uses is touched.
pub(crate) fn written_out(file: &SourceFile) -> Option<String> {
    let source = Source::from_contents(file.name.clone(), file.text.clone()).ok()?;
    let words = words(&source)?;
    let imports = imports(&words);
    let mut uses: Vec<(Range<usize>, String)> = targets(&words, &imports, &file.text);
    for (name, path) in imports.iter().filter_map(|(name, path)| Some((name, path.as_ref()?))) {
        let found = words.iter().filter(|it| it.text == *name && !it.is_part && !it.is_import);
        let found: Vec<_> = found.collect();
        if found.iter().all(|it| it.is_followed) {
            uses.extend(found.iter().map(|it| (it.range.clone(), path.clone())));
        }
    }
    if uses.is_empty() {
        return None;
    }
    uses.sort_by_key(|(range, _)| range.start);
    let mut text = String::with_capacity(file.text.len() * 2);
    let mut done = 0;
    for (range, path) in uses {
        text.push_str(file.text.get(done..range.start)?);
        text.push_str(&path);
        done = range.end;
    }
    text.push_str(file.text.get(done..)?);
    Some(text)
}

/// An error where a file that is no Rego v1 has a rule with `contains`, which the older syntax does not know unless it is
/// imported: the engine would take it for a name.
pub(crate) fn mixed_syntax(file: &SourceFile) -> Option<Trouble> {
    let source = Source::from_contents(file.name.clone(), file.text.clone()).ok()?;
    let words = words(&source)?;
    if words.iter().any(|it| it.is_import && matches!(&*it.text, "future" | "rego")) {
        return None;
    }
    let is_first =
        |it: &Word| file.text.get(..it.range.start).is_some_and(|it| it.is_empty() || it.ends_with('\n'));
    let is_mixed = |two: &&[Word]| matches!(two, [name, contains] if name.depth == 0 && is_first(name) && contains.text == "contains" && !contains.is_part);
    let [_, contains] = words.windows(2).find(is_mixed)? else { return None };
    let line = file.text.get(..contains.range.start)?.matches('\n').count() + 1;
    Some(Trouble::new(format!(
        "{}:{line}: `contains` is of the newer syntax (`deny contains msg if {{`), and other rules of this file are of the \
         older one (`deny[msg] {{`): a file has one of the two",
        file.name
    )))
}

/// The rules of the file's own package that `with` replaces, each with its whole name.
fn targets(words: &[Word], imports: &Imports, text: &str) -> Vec<(Range<usize>, String)> {
    let Some(package) = package(words) else { return Vec::new() };
    let is_apart = |a: &Word, b: &Word| {
        text.get(a.range.end..b.range.start).is_some_and(|between| between.trim().is_empty())
    };
    let mut targets = Vec::new();
    for three in words.windows(3) {
        let [with, target, r#as] = three else { continue };
        let is_target = with.text == "with" && !with.is_part && is_apart(with, target);
        let is_known = ["input", "data", "print"].contains(&&*target.text)
            || imports.contains_key(&target.text)
            || BUILTINS.contains_key(&*target.text)
            || FUNCTIONS.contains(&&*target.text);
        if is_target && !is_known && r#as.text == "as" && is_apart(target, r#as) {
            targets.push((target.range.clone(), format!("{package}.{}", target.text)));
        }
    }
    targets
}

/// The file's package, with `data`.
pub(crate) fn package(words: &[Word]) -> Option<String> {
    let (_package, words) = words.split_first().filter(|(first, _)| first.text == "package")?;
    let more = words.iter().skip(1).take_while(|it| it.is_part);
    let parts: Vec<_> = words.first().into_iter().chain(more).collect();
    // More follows, as in `policies["1.0"]`.
    if parts.last().is_none_or(|it| it.is_followed) {
        return None;
    }
    Some(format!("data.{}", parts.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join(".")))
}

/// A name in a file.
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) range: Range<usize>,
    /// Whether it follows a dot.
    pub(crate) is_part: bool,
    /// Whether a dot or a bracket follows, without a space.
    pub(crate) is_followed: bool,
    /// Whether it belongs to an import, or to the name of the package.
    pub(crate) is_import: bool,
    /// How many brackets are open around it.
    pub(crate) depth: usize,
}

/// `None` where this is no Rego; the parser says why.
pub(crate) fn words(source: &Source) -> Option<Vec<Word>> {
    let mut lexer = Lexer::new(source);
    let mut words: Vec<Word> = Vec::new();
    let mut end = 0;
    let mut symbol = String::new();
    let mut depth = 0_usize;
    // What may come next in an import.
    let mut in_import = false;
    loop {
        let Token(kind, span) = lexer.next_token().ok()?;
        let range = usize::try_from(span.start).ok()?..usize::try_from(span.end).ok()?;
        let text = span.text();
        match kind {
            TokenKind::Eof => return Some(words),
            TokenKind::Ident => {
                let is_part = symbol == ".";
                // The names of an import are joined by dots, and by `as`.
                let last = words.last().map(|it| it.text.as_str());
                in_import = matches!(text, "package" | "import") && !is_part
                    || in_import
                        && (is_part || text == "as" || matches!(last, Some("package" | "import" | "as")));
                words.push(Word {
                    text: text.to_owned(),
                    range: range.clone(),
                    is_part,
                    is_followed: false,
                    is_import: in_import,
                    depth,
                });
            }
            _ => {
                if let Some(word) = words.last_mut().filter(|it| it.range.end == end && end == range.start) {
                    word.is_followed |= symbol.is_empty() && matches!(text, "." | "[");
                }
                in_import &= text == ".";
                match text {
                    "(" | "[" | "{" => depth += 1,
                    ")" | "]" | "}" => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
        }
        symbol = if kind == TokenKind::Ident { String::new() } else { text.to_owned() };
        end = range.end;
    }
}

/// What is imported, by the name it has in the file: its path below `data`, unless it has none, or two.
pub(crate) type Imports = HashMap<String, Option<String>>;

pub(crate) fn imports(words: &[Word]) -> Imports {
    let mut imports = Imports::new();
    for (start, _) in words.iter().enumerate().filter(|(_, it)| it.is_import && it.text == "import") {
        let parts = words.iter().skip(start + 1).take_while(|it| it.is_import && it.text != "import");
        let parts: Vec<_> = parts.collect();
        let (path, name) = match parts.as_slice() {
            [path @ .., word, name] if word.text == "as" && !word.is_part => (path, name),
            path @ [.., name] => (path, name),
            [] => continue,
        };
        let is_written = path.first().is_some_and(|it| it.text == "data")
            && path.len() > 1
            && path.iter().skip(1).all(|it| it.is_part)
            // More follows, as in `data.lib["some-name"]`.
            && !path.last().is_some_and(|it| it.is_followed);
        let joined = path.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join(".");
        let entry = imports.entry(name.text.clone());
        entry.and_modify(|it| *it = None).or_insert(is_written.then_some(joined));
    }
    imports
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let file = SourceFile { name: "a.rego".into(), text: text.into() };
        written_out(&file).unwrap_or_else(|| "as it was".into())
    }

    #[test]
    fn imports_are_written_out_where_they_are_used() {
        let text = "package a\n\nimport data.lib\nimport data.lib.s3 as buckets\nimport rego.v1\n\n# lib.x\ndeny contains \"lib.x\" if {\n  lib.x[_]\n  input.lib.y\n  buckets.all(`lib.x`)\n  lib[\"x\"]\n}\n";
        assert_eq!(
            written(text),
            "package a\n\nimport data.lib\nimport data.lib.s3 as buckets\nimport rego.v1\n\n# lib.x\ndeny contains \"lib.x\" if {\n  data.lib.x[_]\n  input.lib.y\n  data.lib.s3.all(`lib.x`)\n  data.lib[\"x\"]\n}\n"
        );
    }

    #[test]
    fn a_package_keeps_its_name() {
        let text = "package lib.names\n\nimport data.lib\n\nr if lib.x\n";
        assert_eq!(written(text), "package lib.names\n\nimport data.lib\n\nr if data.lib.x\n");
    }

    #[test]
    fn what_with_replaces_is_written_out() {
        let text =
            "package lib.names\n\nr if s with limit as 1 with input as 2 with data.x as 3 with count as f\n";
        assert_eq!(
            written(text),
            "package lib.names\n\nr if s with data.lib.names.limit as 1 with input as 2 with data.x as 3 with count as f\n"
        );
        for text in [
            "package a[\"1.0\"]\nr if s with limit as 1\n",
            "package a\nr if s with http.send as f\nq if s with re_match as f\n",
            "package a\nr := [input.with, limit]\n",
            "package a\nimport input as plan\nr if s with plan as 1\n",
        ] {
            assert_eq!(written(text), "as it was", "{text}");
        }
    }

    /// The name of an import may be that of a variable in some rule.
    #[test]
    fn a_name_that_stands_alone_is_left_alone() {
        for rest in [
            "f(lib) := lib.x",
            "r if { some lib in input; lib.x }",
            "r := lib.x if { lib := 1 }",
            "r if count(lib) > 0\nq if lib.x",
        ] {
            assert_eq!(written(&format!("package a\nimport data.lib\n{rest}\n")), "as it was", "{rest}");
        }
    }

    #[test]
    fn other_imports_are_left_alone() {
        for import in [
            "input.lib",
            "data",
            "data.lib[\"x\"] as lib",
            "rego.v1",
            "data.a.lib\nimport data.b.lib",
            "data.lib as other",
        ] {
            assert_eq!(
                written(&format!("package a\nimport {import}\nr if lib.x\n")),
                "as it was",
                "{import}"
            );
        }
        assert_eq!(written("no rego \""), "as it was");
    }
}
