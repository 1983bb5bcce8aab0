//! Reads the files of policies, once, when the run task starts, so that every run is judged by the same ones.
//!
//! Nothing is compiled here.

use crate::builtin;
use crate::config_files::named;
use crate::node::Node;
use crate::settings::{DataPath, PolicyPath};
use crate::source_file::SourceFile;
use rego::Heap;
use runtask_log::Chain;
use runtask_sources::{Content, Places, PlacesError, Source};
use serde_json::Value;
use serde_json::error::Category;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Bytes that all files together may have.
const MAX_BYTES: u64 = 32 * 1024 * 1024;
/// Bytes of the values that one file of YAML may become.
const MAX_YAML_BYTES: usize = 1 << 28;
/// Files and directories that are looked at.
const MAX_ENTRIES: usize = 10_000;
/// Directories inside each other.
const MAX_DEPTH: usize = 32;

/// Policies and their data.
#[derive(Debug, Clone)]
pub struct Bundle {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) data: Value,
    /// What policies read with `parse_config_file`, by their paths.
    pub(crate) configs: Vec<SourceFile>,
    /// Each file that was read for the data, as its settings name it.
    read: Vec<PathBuf>,
    /// What the names of files begin with that come from elsewhere.
    shared: Vec<String>,
}

/// Why policies cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A path is not there, or may not be read.
    #[error("{} cannot be read", .path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file of data is not what its name says.
    #[error("{} is not {format}: {reason}", .path.display())]
    Data {
        /// The file.
        path: PathBuf,
        /// `JSON` or `YAML`, by its name.
        format: &'static str,
        /// What the parser says.
        reason: String,
    },
    /// A file of data is no object.
    #[error("{} cannot be used: data is an object, and this is {kind}", .path.display())]
    NoObject {
        /// The file.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// Two documents say different things about the same key.
    #[error("{} gives `{key}` another value than another file does", .path.display())]
    Conflict {
        /// The second file.
        path: PathBuf,
        /// The key, with dots.
        key: String,
    },
    /// There is no Rego in a path.
    #[error("{} holds no Rego: policies are files that end in .rego", .path.display())]
    Empty {
        /// The path.
        path: PathBuf,
    },
    /// More than any set of policies should be.
    #[error("{} goes over the limit: policies and data may be {} MiB in {MAX_ENTRIES} files, {MAX_DEPTH} directories deep", .path.display(), MAX_BYTES / 1024 / 1024)]
    TooMuch {
        /// Where it became too much.
        path: PathBuf,
    },
    /// A policy reads a file through a link that leads out of the policy's directory.
    #[error("{} leads out of the directory of the policy that reads it", .path.display())]
    Outside {
        /// The file, as the policy names it.
        path: PathBuf,
    },
    /// What is fetched from elsewhere is not here.
    #[error(transparent)]
    Shared(#[from] PlacesError),
    /// A rule that is not shipped.
    #[error("there is no rule `builtin:{name}`; `runtask policy list` lists the shipped rules")]
    NoBuiltin {
        /// The name.
        name: String,
    },
}

/// Everything that cannot be read, a line each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(|it| Chain(it).to_string()).collect::<Vec<_>>().join("\n"))]
pub struct LoadErrors(Vec<LoadError>);

impl Bundle {
    /// Reads policies and data, from beside the file and from elsewhere, as far as that is in `places`; the library `data.runtask.plan` is always there.
    ///
    /// # Errors
    ///
    /// Every path that cannot be read.
    pub fn load(paths: &[PolicyPath], data: &[DataPath], places: &Places) -> Result<Self, LoadErrors> {
        let base = places.directory();
        let mut reading = Reading { base, places, shared: Vec::new(), bytes: 0, entries: 0 };
        let mut bundle = Self {
            files: vec![builtin::library()],
            data: Value::Object(Default::default()),
            configs: Vec::new(),
            read: Vec::new(),
            shared: Vec::new(),
        };
        let of_paths: Vec<_> = paths.iter().map(|it| bundle.add_policies(it, &mut reading)).collect();
        // The same file by two paths is there once.
        let mut names = std::collections::HashSet::new();
        let is_first = |it: &SourceFile| names.insert(it.name.clone());
        bundle.files.retain(is_first);
        // A library that somebody has written out is that library.
        bundle.files.retain(|it| builtin::is_shipped(it) || !builtin::is_copy(it));
        let of_data: Vec<_> = data.iter().map(|it| bundle.add_data(it, &mut reading)).collect();
        let of_configs = bundle.add_configs(&mut reading);
        bundle.shared = reading.shared.iter().map(|(source, _)| name_in(source, "")).collect();
        let errors: Vec<LoadError> =
            of_paths.into_iter().chain(of_data).chain([of_configs]).filter_map(Result::err).collect();
        if errors.is_empty() { Ok(bundle) } else { Err(LoadErrors(errors)) }
    }

    fn add_policies(&mut self, path: &PolicyPath, reading: &mut Reading<'_>) -> Result<(), LoadError> {
        let path = match path {
            PolicyPath::Builtin(name) => {
                let file = builtin::rule(name);
                self.files.push(file.ok_or_else(|| LoadError::NoBuiltin { name: name.clone() })?);
                return Ok(());
            }
            PolicyPath::Shared(source) => {
                for (name, _directories, text) in reading.shared(source, &["rego"])? {
                    self.files.push(SourceFile { name, text: text.into() });
                }
                return Ok(());
            }
            PolicyPath::Path(path) => path,
        };
        let mut found = Vec::new();
        reading.walk(path, 0, &mut |it| has_extension(it, &["rego"]), &mut found)?;
        if found.is_empty() {
            return Err(LoadError::Empty { path: path.clone() });
        }
        for (name, _directories, text) in found {
            self.files.push(SourceFile { name, text: text.into() });
        }
        Ok(())
    }

    fn add_data(&mut self, path: &DataPath, reading: &mut Reading<'_>) -> Result<(), LoadError> {
        const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];
        let found = match path {
            DataPath::Shared(source) => reading.shared(source, &EXTENSIONS)?,
            DataPath::Path(path) => {
                let mut found = Vec::new();
                reading.walk(path, 0, &mut |it| has_extension(it, &EXTENSIONS), &mut found)?;
                found
            }
        };
        for (name, directories, text) in found {
            let path = PathBuf::from(name);
            self.read.push(path.clone());
            let document = parse(&path, &text)?;
            let document = directories.iter().rev().fold(document, |inner, directory| {
                Value::Object([(directory.clone(), inner)].into_iter().collect())
            });
            merge(&mut self.data, document, &path, "")?;
        }
        Ok(())
    }

    /// Reads the files that policies name, those of tests included.
    fn add_configs(&mut self, reading: &mut Reading<'_>) -> Result<(), LoadError> {
        let mut found = BTreeMap::new();
        for policy in self.files.iter().filter(|it| !builtin::is_shipped(it)) {
            let directory = Path::new(&policy.name).parent().unwrap_or(Path::new(""));
            if let Some((source, content)) = reading.owner(&policy.name) {
                for path in named(policy) {
                    let inner = path.strip_prefix(&name_in(&source, ""));
                    if let Some(bytes) = inner.and_then(|it| content.file(it)) {
                        found.insert(path.clone(), (text_of(&path, bytes)?, policy.is_test()));
                    }
                }
                continue;
            }
            for path in named(policy) {
                if !found.contains_key(&path) && reading.base.join(&path).is_file() {
                    let text = reading.inner_text(Path::new(&path), directory)?;
                    found.insert(path, (text, policy.is_test()));
                }
            }
        }
        for (name, (text, of_test)) in found {
            if !of_test {
                self.read.push(PathBuf::from(&name));
            }
            self.configs.push(SourceFile { name, text: text.into() });
        }
        Ok(())
    }

    /// Each file beside its settings that a run task needs, as these name it: tests are none of them, nor is what comes from
    /// elsewhere.
    pub(crate) fn needed(&self) -> Vec<PathBuf> {
        let policies = self.files.iter().filter(|it| !builtin::is_shipped(it) && !it.is_test());
        let all = policies.map(|it| PathBuf::from(&it.name)).chain(self.read.iter().cloned());
        let is_shared = |it: &Path| self.shared.iter().any(|prefix| it.to_string_lossy().starts_with(prefix));
        all.filter(|it| !is_shared(it)).collect()
    }
}

/// Reads directories within limits.
struct Reading<'a> {
    base: &'a Path,
    places: &'a Places,
    /// What was read from elsewhere.
    shared: Vec<(Source, Rc<Content>)>,
    bytes: u64,
    entries: usize,
}

/// A file as people know it, the directories below the path that was asked for, and its text.
type Found = (String, Vec<String>, String);

impl Reading<'_> {
    /// The files of a source whose names end so, in the order of their names.
    fn shared(&mut self, source: &Source, extensions: &[&str]) -> Result<Vec<Found>, LoadError> {
        let content = match self.shared.iter().find(|(it, _)| it == source) {
            Some((_, content)) => Rc::clone(content),
            None => {
                let content = Rc::new(self.places.content(source)?);
                self.shared.push((source.clone(), Rc::clone(&content)));
                content
            }
        };
        let mut found = Vec::new();
        for (path, bytes) in content.files().filter(|(path, _)| has_extension(Path::new(path), extensions)) {
            let name = name_in(source, path);
            self.entries += 1;
            self.bytes += bytes.len() as u64;
            if self.entries > MAX_ENTRIES || self.bytes > MAX_BYTES {
                return Err(LoadError::TooMuch { path: PathBuf::from(name) });
            }
            let directories = path.rsplit_once('/').map(|(above, _)| above.split('/').map(str::to_owned));
            let text = text_of(&name, bytes)?;
            found.push((name, directories.into_iter().flatten().collect(), text));
        }
        if found.is_empty() && extensions == ["rego"] {
            return Err(LoadError::Empty { path: PathBuf::from(source.as_str()) });
        }
        Ok(found)
    }

    /// The source that a policy comes from, with all that it holds; `None` of one that lies beside the file.
    fn owner(&self, policy: &str) -> Option<(Source, Rc<Content>)> {
        self.shared.iter().find(|(source, _)| policy.starts_with(&name_in(source, ""))).cloned()
    }

    /// Finds files in the order of their names, with what is hidden left out.
    fn walk(
        &mut self,
        path: &Path,
        depth: usize,
        wanted: &mut dyn FnMut(&Path) -> bool,
        found: &mut Vec<Found>,
    ) -> Result<(), LoadError> {
        self.walk_below(path, &[], depth, wanted, found)
    }

    fn walk_below(
        &mut self,
        path: &Path,
        directories: &[String],
        depth: usize,
        wanted: &mut dyn FnMut(&Path) -> bool,
        found: &mut Vec<Found>,
    ) -> Result<(), LoadError> {
        let failed = |source| LoadError::Read { path: path.to_owned(), source };
        self.entries += 1;
        if self.entries > MAX_ENTRIES || depth > MAX_DEPTH {
            return Err(LoadError::TooMuch { path: path.to_owned() });
        }
        let real = self.base.join(path);
        if real.metadata().map_err(failed)?.is_dir() {
            let mut names = Vec::new();
            for entry in fs::read_dir(&real).map_err(failed)? {
                names.push(entry.map_err(failed)?.file_name());
            }
            names.sort();
            for name in names {
                if name.as_encoded_bytes().starts_with(b".") {
                    continue;
                }
                let inner = path.join(&name);
                let is_directory = self.base.join(&inner).is_dir();
                if is_directory {
                    let mut below = directories.to_vec();
                    below.push(name.to_string_lossy().into_owned());
                    self.walk_below(&inner, &below, depth + 1, wanted, found)?;
                } else if wanted(&inner) {
                    self.walk_below(&inner, directories, depth + 1, wanted, found)?;
                }
            }
            return Ok(());
        }
        found.push((path.display().to_string(), directories.to_vec(), self.text(path)?));
        Ok(())
    }

    /// A file's text, which must be in a directory, whatever links lead to it.
    fn inner_text(&mut self, path: &Path, directory: &Path) -> Result<String, LoadError> {
        let failed = |source| LoadError::Read { path: path.to_owned(), source };
        self.entries += 1;
        if self.entries > MAX_ENTRIES {
            return Err(LoadError::TooMuch { path: path.to_owned() });
        }
        let real = self.base.join(path).canonicalize().map_err(failed)?;
        if !real.starts_with(self.base.join(directory).canonicalize().map_err(failed)?) {
            return Err(LoadError::Outside { path: path.to_owned() });
        }
        self.text(path)
    }

    fn text(&mut self, path: &Path) -> Result<String, LoadError> {
        let failed = |source| LoadError::Read { path: path.to_owned(), source };
        let left = MAX_BYTES - self.bytes;
        let mut text = String::new();
        let file = fs::File::open(self.base.join(path)).map_err(failed)?;
        file.take(left + 1).read_to_string(&mut text).map_err(failed)?;
        self.bytes += text.len() as u64;
        if self.bytes > MAX_BYTES {
            return Err(LoadError::TooMuch { path: path.to_owned() });
        }
        Ok(text)
    }
}

/// The name of a file that comes from elsewhere.
fn name_in(source: &Source, path: &str) -> String {
    format!("{source}/{path}")
}

fn text_of(name: &str, bytes: &[u8]) -> Result<String, LoadError> {
    String::from_utf8(bytes.to_vec()).map_err(|error| LoadError::Read {
        path: PathBuf::from(name),
        source: io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()),
    })
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|it| extensions.iter().any(|extension| it == *extension))
}

/// JSON or YAML, by the file's name.
fn parse(path: &Path, text: &str) -> Result<Value, LoadError> {
    let is_json = has_extension(path, &["json"]);
    let format = if is_json { "JSON" } else { "YAML" };
    let refused = |reason: String| LoadError::Data { path: path.to_owned(), format, reason };
    if text.trim().is_empty() {
        return Err(refused("it is empty".to_owned()));
    }
    if is_json {
        return serde_json::from_str(text).map_err(|error| match error.classify() {
            // The parser says "EOF", which few people do.
            Category::Eof => refused(format!("it ends too early, at line {}", error.line())),
            _ => refused(error.to_string()),
        });
    }
    let mut heap = Heap::new(MAX_YAML_BYTES);
    let value = rego::parse_yaml(&mut heap, text).map_err(|error| refused(error.to_string()))?;
    Ok(Node::new(&heap, value).json())
}

/// Objects are merged, as OPA does; anything else that is there twice must be the same.
fn merge(into: &mut Value, from: Value, path: &Path, key: &str) -> Result<(), LoadError> {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                match into.get_mut(&name) {
                    Some(there) => merge(there, value, path, &key)?,
                    None => {
                        into.insert(name, value);
                    }
                }
            }
            Ok(())
        }
        (into, from) if *into == from => Ok(()),
        (_, from) if key.is_empty() => Err(LoadError::NoObject { path: path.to_owned(), kind: kind(&from) }),
        _ => Err(LoadError::Conflict { path: path.to_owned(), key: key.to_owned() }),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_sources::{Digest, Lock, Pin, Revision};

    #[test]
    fn files_that_policies_name_are_read_with_them() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("secret.yaml", "a: 1");
        write("policies/limits/low.yaml", "a: 1");
        write("policies/other.yaml", "a: 1");
        write("policies/test.json", "{}");
        write(
            "policies/a.rego",
            "package a\nx := parse_config_file(\"limits/low.yaml\")\ny := [\"../secret.yaml\", \"gone.yaml\", \"limits\"]",
        );
        write("policies/b_test.rego", "package b_test\nx := parse_config_file(\"test.json\")");
        let places = Places::new(directory.path(), None);
        let load = || Bundle::load(&[PolicyPath::Path("policies".into())], &[], &places);
        let bundle = load().unwrap();
        let names: Vec<&str> = bundle.configs.iter().map(|it| &*it.name).collect();
        assert_eq!(names, ["policies/limits/low.yaml", "policies/test.json"]);
        assert_eq!(bundle.needed(), ["policies/a.rego", "policies/limits/low.yaml"].map(PathBuf::from));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("../secret.yaml", directory.path().join("policies/gone.yaml"))
                .unwrap();
            assert_eq!(
                load().unwrap_err().to_string(),
                "policies/gone.yaml leads out of the directory of the policy that reads it"
            );
        }
    }

    /// Policies, data and the files that policies read, all from elsewhere; and nothing of it is among the files beside.
    #[test]
    fn what_comes_from_elsewhere_is_read_as_what_lies_beside() {
        let directory = tempfile::tempdir().unwrap();
        let places = Places::new(directory.path(), None);
        let source: Source = "git::https://example.com/a.git//p?ref=release/1".parse().unwrap();
        let mut content = Content::default();
        for (path, text) in [
            ("aws/a.rego", "package a\nx := parse_config_file(\"low.yaml\")\ny := [\"../other.yaml\"]"),
            ("aws/a_test.rego", "package a_test"),
            ("aws/low.yaml", "a: 1"),
            ("other.yaml", "b: 1"),
        ] {
            content.add(path, text.as_bytes().to_vec()).unwrap();
            let path = directory.path().join(Places::packed(Digest::of(b""))).join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let load = || {
            let data = [DataPath::Shared(source.clone())];
            Bundle::load(&[PolicyPath::Shared(source.clone())], &data, &places)
        };
        let error = load().unwrap_err().to_string();
        assert!(error.contains("is not in runtask.lock: run `runtask policy update`"), "{error}");
        let (from, to) = (Places::packed(Digest::of(b"")), Places::packed(content.digest()));
        fs::rename(directory.path().join(from), directory.path().join(to)).unwrap();
        let mut lock = Lock::default();
        let revision = Revision::commit(&"a".repeat(40)).unwrap();
        lock.set(Pin { source: source.clone(), revision, digest: content.digest() });
        fs::write(places.lock_file(), lock.text()).unwrap();
        let bundle = load().unwrap();
        let names = |of: &[SourceFile]| of.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
        let named = |it: &str| format!("git::https://example.com/a.git//p?ref=release/1/aws/{it}");
        assert_eq!(names(&bundle.files)[1..], [named("a.rego"), named("a_test.rego")]);
        assert_eq!(names(&bundle.configs), [named("low.yaml")]);
        assert_eq!(bundle.data, serde_json::json!({ "aws": { "a": 1 }, "b": 1 }));
        assert_eq!(bundle.needed(), Vec::<PathBuf>::new());
    }

    /// U-04: the file, what it should be, and what is wrong with it, in words that people use.
    #[test]
    fn data_that_cannot_be_read_is_told_in_words() {
        let directory = tempfile::tempdir().unwrap();
        let error = |name: &str, text: &str| {
            fs::write(directory.path().join(name), text).unwrap();
            let places = Places::new(directory.path(), None);
            Bundle::load(&[], &[DataPath::Path(name.into())], &places).unwrap_err().to_string()
        };
        assert_eq!(error("a.json", ""), "a.json is not JSON: it is empty");
        assert_eq!(error("a.json", "{\"a\":\n"), "a.json is not JSON: it ends too early, at line 2");
        assert_eq!(error("a.json", "a: 1"), "a.json is not JSON: expected value at line 1 column 1");
        assert_eq!(error("a.yaml", "\n"), "a.yaml is not YAML: it is empty");
        assert_eq!(error("a.json", "[]"), "a.json cannot be used: data is an object, and this is a list");
        assert!(!error("a.yaml", "a: [").contains("EOF"));
    }
}
