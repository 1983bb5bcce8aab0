//! Finds where policies read facts of the run, for a caller that knows which facts there will not be.
//!
//! It looks at the words of a file, and not at what a rule does with them: what is built from texts is not seen.

use crate::imports::written_out;
use crate::source_file::SourceFile;
use regorus::unstable::{Lexer, Source, Token, TokenKind};

/// A fact of the run that policies read, and where they do for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FactRead {
    /// Its name in `data.run`; empty where all of `data.run` is read.
    pub(crate) fact: String,
    /// The file.
    pub(crate) file: String,
    /// The line, from 1.
    pub(crate) line: u32,
}

/// The facts that these files read, each once. Tests make their own, and do not count.
pub(crate) fn facts_read(files: &[SourceFile]) -> Vec<FactRead> {
    let mut all: Vec<FactRead> = Vec::new();
    for file in files.iter().filter(|it| !it.name.ends_with("_test.rego")) {
        for (fact, line) in facts_of(file).unwrap_or_default() {
            if !all.iter().any(|it| it.fact == fact) {
                all.push(FactRead { fact, file: file.name.clone(), line });
            }
        }
    }
    all
}

/// `None` where this is no Rego; the compiler says why.
fn facts_of(file: &SourceFile) -> Option<Vec<(String, u32)>> {
    let text = written_out(file).unwrap_or_else(|| file.text.clone());
    let source = Source::from_contents(file.name.clone(), text).ok()?;
    let mut lexer = Lexer::new(&source);
    let mut tokens: Vec<(TokenKind, String, u32)> = Vec::new();
    loop {
        let Token(kind, span) = lexer.next_token().ok()?;
        if kind == TokenKind::Eof {
            break;
        }
        tokens.push((kind, span.text().to_owned(), span.line));
    }
    let text = |at: usize| tokens.get(at).map(|it| it.1.as_str()).unwrap_or_default();
    let mut facts = Vec::new();
    for (at, (_, _, line)) in tokens.iter().enumerate() {
        // `data.run` or `data["run"]`: how many tokens it takes.
        let length = match (text(at), text(at + 1), text(at + 2), text(at + 3)) {
            ("data", ".", "run", _) => 3,
            ("data", "[", r#""run""# | "run", "]") => 4,
            _ => 0,
        };
        let is_part = at > 0 && text(at - 1) == ".";
        // An import is written out where it is used.
        let is_import = at > 0 && text(at - 1) == "import";
        let after = at + length;
        if length == 0 || is_part || is_import && text(after) != "." {
            continue;
        }
        let name = tokens.get(after + 1);
        let fact = match (text(after), name) {
            (".", Some((TokenKind::Ident, name, _))) => name.clone(),
            ("[", Some((TokenKind::String, name, _))) => name.trim_matches('"').to_owned(),
            _ => String::new(),
        };
        facts.push((fact, *line));
    }
    Some(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, u32)> {
        let file = |name: &str| SourceFile { name: name.into(), text: text.into() };
        assert_eq!(facts_read(&[file("a_test.rego")]), []);
        facts_read(&[file("a.rego")]).into_iter().map(|it| (it.fact, it.line)).collect()
    }

    fn fact(name: &str, line: u32) -> (String, u32) {
        (name.to_owned(), line)
    }

    #[test]
    fn facts_of_the_run_are_found_where_they_are_read() {
        let text = "package a\n\n# data.run.branch\ndeny contains \"data.run.id\" if {\n\tdata.run.workspace == \"a\"\n\tdata[\"run\"][\"stage\"]\n\tinput.data.run.project\n\tdata.running.x\n\tdata.run.workspace\n}\n";
        assert_eq!(read(text), [fact("workspace", 5), fact("stage", 6)]);
        assert_eq!(read("package a\n\nimport data.run\n\nr if run.speculative\n"), [fact("speculative", 5)]);
        assert_eq!(
            read("package a\n\nimport data.run.workspace\n\nr if workspace == 1\n"),
            [fact("workspace", 3)]
        );
        assert_eq!(read("package a\n\nr := object.get(data.run, \"x\", \"\")\n"), [fact("", 3)]);
        assert_eq!(read("package a\n\nr := 1\n"), []);
    }
}
