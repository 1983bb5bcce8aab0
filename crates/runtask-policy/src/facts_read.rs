//! Finds where policies read facts of the run, for a caller that knows which facts there will not be.
//!
//! It looks at the names in a file, and not at what a rule does with them: what is built from texts is not seen.

use crate::parsed::Parsed;
use crate::place::Place;
use crate::references::{DataReference, data_references};
use memchr::memmem;

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
pub(crate) fn facts_read(files: &[Parsed<'_>]) -> Vec<FactRead> {
    let mut all: Vec<FactRead> = Vec::new();
    for file in files.iter().filter(|it| !it.file.is_test()) {
        for (fact, line) in facts_of(file) {
            if !all.iter().any(|it| it.fact == fact) {
                all.push(FactRead { fact, file: file.file.name.clone(), line });
            }
        }
    }
    all
}

fn facts_of(Parsed { file, module }: &Parsed<'_>) -> Vec<(String, u32)> {
    // Most policies have no such name in them: it stands behind a dot, or between quotes.
    let text = file.text.as_bytes();
    let is_name = |at: usize| {
        let before = text.get(..at).unwrap_or_default().trim_ascii_end().last();
        let after = text.get(at + "run".len());
        before.is_some_and(|it| b".\"`".contains(it))
            && !after.is_some_and(|it| it.is_ascii_alphanumeric() || *it == b'_')
    };
    if !memmem::find_iter(text, "run").any(is_name) {
        return Vec::new();
    }
    let fact = |it: DataReference| {
        let is_whole = it.path.len() == 1;
        // An import of all of them reads none yet.
        let is_read = it.path.first().is_some_and(|it| it == "run") && !(it.is_import && is_whole);
        let line = Place::of(&file.text, *it.spans.first()?).line;
        is_read.then(|| (it.path.get(1).cloned().unwrap_or_default(), line))
    };
    data_references(module).into_iter().filter_map(fact).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source_file::SourceFile;

    fn read(text: &str) -> Vec<(String, u32)> {
        let module = rego::parse_module(text, None).unwrap();
        let read = |name: &str| {
            let file = SourceFile { name: name.into(), text: text.into() };
            facts_read(&[Parsed { file: &file, module: &module }])
        };
        assert_eq!(read("a_test.rego"), []);
        read("a.rego").into_iter().map(|it| (it.fact, it.line)).collect()
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
        assert_eq!(read("package a\n\nimport data as all\n\nr := all[`run`].id\n"), [fact("id", 5)]);
        assert_eq!(read("package a\n\nr := 1\n"), []);
    }
}
