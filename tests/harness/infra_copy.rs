//! Copies `infra/`, written for release 5.100 of the AWS provider: a machine without a network may have no newer one.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The code that is applied.
pub const INFRA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra");
/// The same for the GitLab runner.
pub const RUNNER_INFRA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/gitlab-runner");
/// The code as it was when it had a provider block.
pub const INFRA_BEFORE_MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/infra-before-module");
/// What stands in for the one file that names releases of the provider.
pub const VERSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/infra-5/versions.tf");

/// The arguments that 5.100 does not know, as they stand in `infra/`, on lines of their own. Without the first, everything
/// is where its provider is; without the second, a statement must never reach AWS: it is for moto.
pub const NEW_IN_6: [(&str, &str); 2] = [("region", "var.region"), ("invoked_via_function_url", "true")];

/// What a person may put beside `infra/`: here, what gives the variable `region` its meaning.
const PROVIDER: &str = "provider \"aws\" {\n  region = var.region\n}\n";

/// Where `RUNTASK_TEST_INFRA` says, else `infra/` of this checkout.
#[expect(clippy::disallowed_methods, reason = "the environment says which module is tried")]
fn applied() -> PathBuf {
    std::env::var_os("RUNTASK_TEST_INFRA").map_or_else(|| INFRA.into(), PathBuf::from)
}

/// A copy of `infra/` to apply, and of all below it.
///
/// # Panics
///
/// If it cannot be made.
#[must_use]
pub fn infra_copy() -> TempDir {
    let directory = copy_of(&applied());
    std::fs::write(directory.path().join("provider.tf"), PROVIDER).unwrap();
    directory
}

/// A copy of what says in its `versions.tf` which provider it needs.
///
/// # Panics
///
/// If it cannot be made.
#[must_use]
pub fn copy_of(infra: &Path) -> TempDir {
    let directory = tempfile::Builder::new().prefix("infra-").tempdir().unwrap();
    copy_into(infra, directory.path());
    directory
}

/// A copy of `infra/` as people have it, with the directory of packages beside it, which hold no programs.
///
/// # Panics
///
/// If it cannot be made.
#[must_use]
pub fn checkout_copy() -> TempDir {
    let directory = tempfile::Builder::new().prefix("checkout-").tempdir().unwrap();
    copy_into(Path::new(INFRA), &directory.path().join("infra"));
    let packages = directory.path().join("target/package");
    std::fs::create_dir_all(&packages).unwrap();
    for architecture in ["x86_64", "arm64"] {
        let placeholders = placeholder_packages().join("x86_64");
        std::os::unix::fs::symlink(placeholders, packages.join(architecture)).unwrap();
    }
    directory
}

fn copy_into(infra: &Path, to: &Path) {
    copy(infra, to);
    std::fs::copy(VERSIONS, to.join("versions.tf")).unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(|it| it.unwrap()) {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let name = entry.file_name().into_string().unwrap();
        let kind = entry.file_type().unwrap();
        if is_left_over(&name) {
            continue;
        }
        if kind.is_symlink() {
            // As a link: it leads from file to file inside, and so to what stands in for one.
            std::os::unix::fs::symlink(std::fs::read_link(&source).unwrap(), target).unwrap();
        } else if kind.is_dir() {
            copy(&source, &target);
        } else if name.ends_with(".tf") {
            std::fs::write(target, for_release_5(&std::fs::read_to_string(source).unwrap())).unwrap();
        } else {
            std::fs::copy(source, target).unwrap();
        }
    }
}

/// What somebody who applied there has left, or the checksums of another release of the provider.
fn is_left_over(name: &str) -> bool {
    name == ".terraform" || name == ".terraform.lock.hcl" || name.starts_with("terraform.tfstate")
}

/// The text without the lines of arguments that are new in release 6. A provider has always had a region.
fn for_release_5(text: &str) -> String {
    let mut in_provider = false;
    let mut kept = String::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with(|it: char| it.is_ascii_alphabetic()) {
            in_provider = line.starts_with("provider ");
        }
        let argument = line.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
        if in_provider || !argument.is_some_and(|it| NEW_IN_6.contains(&it)) {
            kept.push_str(line);
        }
    }
    kept
}

/// The names of the files in `directory` that terraform reads, in order.
#[must_use]
pub fn terraform_files(directory: &Path) -> Vec<String> {
    let entries =
        std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|it| it.ends_with(".tf")).collect();
    assert!(!names.is_empty(), "{} holds no Terraform files", directory.display());
    names.sort();
    names
}

/// Where the zips are that hold no programs.
#[must_use]
pub fn placeholder_packages() -> PathBuf {
    Path::new(INFRA).join("tests/packages")
}
