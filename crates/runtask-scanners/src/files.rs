//! Copies of a configuration what scanners may see: code and values, and nothing that a scanner would take for its own
//! settings, since whoever writes the code writes those too.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What Terraform and OpenTofu read, by the ends of names.
const SUFFIXES: [&str; 6] = [".tf", ".tf.json", ".tofu", ".tofu.json", ".tfvars", ".tfvars.json"];
/// Bytes of one file that are copied.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Files and directories that are looked at.
const MAX_ENTRIES: usize = 200_000;
/// How deep directories are looked into.
const MAX_DEPTH: usize = 64;

/// Whether a file of a configuration is code or values; never one that is hidden itself.
pub(crate) fn is_code(path: &Path) -> bool {
    let Some(name) = path.file_name().map(|it| it.as_encoded_bytes()) else { return false };
    !name.starts_with(b".") && SUFFIXES.iter().any(|it| name.ends_with(it.as_bytes()))
}

/// Whether a file is one, or lies in one, of these files and directories.
pub(crate) fn is_of(path: &Path, names: &[&str]) -> bool {
    path.components().any(|it| names.iter().any(|name| it.as_os_str() == *name))
}

/// What was copied.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    /// Code and values, relative and sorted.
    pub(crate) code: Vec<PathBuf>,
    /// Settings of the scanner.
    pub(crate) settings: usize,
    /// What should have been copied, and why it was not: it cannot be read.
    pub(crate) unreadable: Vec<(PathBuf, &'static str)>,
}

/// Copies the code of a configuration and of all that lies beside it below `root`, where its modules may be, into `to`, which
/// is made. Returns what the configuration itself holds, and where that is now.
///
/// # Errors
///
/// As [`copy`].
pub(crate) fn copy_with_root(
    configuration: &Path,
    root: &Path,
    to: &Path,
    also: &[&str],
) -> io::Result<(Copied, PathBuf)> {
    let (configuration, root) = (configuration.canonicalize()?, root.canonicalize()?);
    let inner = configuration.strip_prefix(&root).map(Path::to_path_buf).unwrap_or_default();
    let root = if configuration.starts_with(&root) { root } else { configuration.clone() };
    fs::create_dir(to)?;
    let mut copied = copy(&root, to, also)?;
    // Joined with nothing, it would end in a slash.
    let place = if inner.as_os_str().is_empty() { to.to_path_buf() } else { to.join(&inner) };
    if !place.is_dir() {
        // It holds no code, or is hidden, and was not looked into.
        fs::create_dir_all(&place)?;
        return Ok((copy(&configuration, &place, also)?, place));
    }
    let inside = |it: PathBuf| it.strip_prefix(&inner).map(Path::to_path_buf).ok();
    copied.code = copied.code.into_iter().filter_map(inside).collect();
    let unreadable = copied.unreadable.into_iter();
    copied.unreadable = unreadable.filter_map(|(path, why)| Some((inside(path)?, why))).collect();
    Ok((copied, place))
}

/// Copies the code below `from` into `to`, which is there, and files and directories with one of the names `also`. Links
/// lead to what they led to, as long as that is below `from`; hidden directories are not looked into.
///
/// # Errors
///
/// When the directory cannot be read, holds too much, or the copies cannot be written.
fn copy(from: &Path, to: &Path, also: &[&str]) -> io::Result<Copied> {
    let mut copied = Copied::default();
    let mut directories = vec![(PathBuf::new(), 0)];
    let mut seen = 0;
    while let Some((directory, depth)) = directories.pop() {
        let entries = match fs::read_dir(from.join(&directory)) {
            Ok(entries) => entries,
            Err(error) if directory.as_os_str().is_empty() => return Err(error),
            Err(_closed) => {
                copied.unreadable.push((directory, "its directory is closed to us"));
                continue;
            }
        };
        for entry in entries {
            let entry = entry?;
            seen += 1;
            if seen > MAX_ENTRIES {
                return Err(io::Error::other("there are more than 200000 files in it, or beside it"));
            }
            let path = directory.join(entry.file_name());
            let mut kind = entry.file_type()?;
            let mut source = from.join(&path);
            if kind.is_symlink() {
                let Some(target) = inside(from, &source) else {
                    if is_code(&path) {
                        copied.unreadable.push((path, "it is a link to somewhere else"));
                    }
                    continue;
                };
                if target.is_dir() {
                    link(
                        &to.join(target.strip_prefix(from.canonicalize()?).unwrap_or(&target)),
                        &to.join(&path),
                    )?;
                    continue;
                }
                (kind, source) = (target.metadata()?.file_type(), target);
            }
            let is_setting = is_of(&path, also);
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if kind.is_dir() && (is_setting || !is_hidden) {
                if depth == MAX_DEPTH {
                    copied.unreadable.push((path, "it lies too deep"));
                } else {
                    directories.push((path, depth + 1));
                }
            } else if is_setting || is_code(&path) {
                if let Err(why) = copy_file(&source, &to.join(&path), kind.is_file())? {
                    copied.unreadable.push((path, why));
                } else if is_setting {
                    copied.settings += 1;
                } else {
                    copied.code.push(path);
                }
            }
        }
    }
    copied.code.sort();
    copied.unreadable.sort();
    Ok(copied)
}

/// What a link leads to, if that is there and below `root`.
fn inside(root: &Path, link: &Path) -> Option<PathBuf> {
    let target = link.canonicalize().ok()?;
    target.starts_with(root.canonicalize().ok()?).then_some(target)
}

fn link(target: &Path, path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    std::os::unix::fs::symlink(target, path)
}

/// Copies a file; says why not, where it is the file's fault.
fn copy_file(from: &Path, to: &Path, is_file: bool) -> io::Result<Result<(), &'static str>> {
    if !is_file {
        return Ok(Err("it is no file"));
    }
    let Ok(source) = File::open(from) else { return Ok(Err("it is closed to us")) };
    if source.metadata()?.len() > MAX_FILE_BYTES {
        return Ok(Err("it is larger than 16 MiB"));
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut io::Read::take(source, MAX_FILE_BYTES), &mut copy)?;
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// What lies in a directory, with all below it.
    fn all(directory: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut left = vec![directory.to_path_buf()];
        while let Some(next) = left.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    left.push(path);
                } else {
                    found.push(path.strip_prefix(directory).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        found.sort();
        found
    }

    /// A module may lie beside the configuration; what is wrong there is another configuration's matter.
    #[test]
    fn what_lies_beside_a_configuration_is_copied_with_it() {
        let (root, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in ["live/prod/main.tf", "modules/web/main.tf", ".infra/live/main.tf"] {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        symlink("/etc/passwd", root.path().join("modules/link.tf")).unwrap();
        for (number, inner) in ["live/prod", ".infra/live", "empty"].into_iter().enumerate() {
            fs::create_dir_all(root.path().join(inner)).unwrap();
            let tree = to.path().join(number.to_string());
            let (copied, place) = copy_with_root(&root.path().join(inner), root.path(), &tree, &[]).unwrap();
            let expected: &[&str] = if inner == "empty" { &[] } else { &["main.tf"] };
            assert_eq!(copied.code, expected.iter().map(PathBuf::from).collect::<Vec<_>>(), "{inner}");
            assert_eq!(place, tree.join(inner));
            assert!(copied.unreadable.is_empty() && tree.join("modules/web/main.tf").is_file());
        }
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("a.tf"), "").unwrap();
        let tree = to.path().join("elsewhere");
        let (copied, place) = copy_with_root(elsewhere.path(), root.path(), &tree, &[]).unwrap();
        assert_eq!((copied.code, place.as_os_str()), (vec![PathBuf::from("a.tf")], tree.as_os_str()));
        assert_eq!(all(&tree), ["a.tf"]);
    }

    #[test]
    fn settings_of_scanners_stay_behind_unless_somebody_trusts_them() {
        let (from, to, trusting) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in [
            "main.tf",
            "a/b.tf.json",
            "a/c.tofu",
            "prod.tfvars",
            "README.md",
            "run.sh",
            "checks/evil.py",
            ".checkov.yaml",
            ".tflint.hcl",
            ".tflint.d/plugins/evil",
            ".semgrepignore",
            "trivy.yaml",
            ".trivyignore",
            ".terraform/modules/x/main.tf",
            ".hidden.tf",
            "a/.checkov.yaml",
        ] {
            let path = from.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        symlink("/etc/passwd", from.path().join("link.tf")).unwrap();
        symlink("/etc", from.path().join("linked")).unwrap();
        symlink("../main.tf", from.path().join("a/common.tf")).unwrap();
        symlink("a", from.path().join("module")).unwrap();
        let copied = copy(from.path(), to.path(), &[]).unwrap();
        let code = ["a/b.tf.json", "a/c.tofu", "a/common.tf", "main.tf", "prod.tfvars"];
        assert_eq!(copied.code, code.map(PathBuf::from));
        assert_eq!(copied.unreadable, [(PathBuf::from("link.tf"), "it is a link to somewhere else")]);
        assert_eq!(fs::read_to_string(to.path().join("a/common.tf")).unwrap(), "main.tf");
        // A linked directory is the one in the copy.
        assert_eq!(
            fs::canonicalize(to.path().join("module")).unwrap(),
            to.path().canonicalize().unwrap().join("a")
        );
        fs::remove_file(to.path().join("module")).unwrap();
        assert_eq!(all(to.path()), code);
        copy(from.path(), trusting.path(), &[".tflint.hcl", ".tflint.d"]).unwrap();
        fs::remove_file(trusting.path().join("module")).unwrap();
        let mut expected = [&code[..], &[".tflint.d/plugins/evil", ".tflint.hcl"]].concat();
        expected.sort_unstable();
        assert_eq!(all(trusting.path()), expected);
    }
}
