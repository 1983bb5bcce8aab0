//! Keeps what was fetched: a directory for each content, named by its digest.

use anyhow::{Context, bail};
use runtask_findings::shown_path;
use runtask_sources::{Content, Places};
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Puts content into the cache, in the place of what has its name and is something else.
///
/// It is written beside and renamed, so that whoever reads meanwhile finds all of it or nothing, and of two processes that do
/// the same neither harms the other.
///
/// # Errors
///
/// When nobody says where the cache is, or it cannot be written.
pub(crate) fn keep(content: &Content, places: &Places) -> anyhow::Result<()> {
    let (Some(cache), Some(path)) = (places.cache(), places.cached(content.digest())) else {
        bail!("there is no place for fetched policies: set RUNTASK_CACHE_DIR, or HOME");
    };
    let is_kept = || Content::read(&path).is_ok_and(|it| it == *content);
    if is_kept() {
        return Ok(());
    }
    let failed = || format!("the cache {} cannot be written", shown_path(cache));
    DirBuilder::new().recursive(true).mode(0o700).create(cache).with_context(failed)?;
    let beside = |prefix: &str| {
        let permissions = Permissions::from_mode(0o700);
        tempfile::Builder::new().prefix(prefix).permissions(permissions).tempdir_in(cache)
    };
    let new = beside(".new-").with_context(failed)?;
    write(content, new.path()).with_context(failed)?;
    let old = beside(".old-").with_context(failed)?;
    match fs::rename(&path, old.path().join("content")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error).with_context(failed),
        _ => {}
    }
    match fs::rename(new.path(), &path) {
        // Somebody else was faster.
        Err(_) if is_kept() => Ok(()),
        renamed => renamed.with_context(failed),
    }
}

fn write(content: &Content, directory: &Path) -> io::Result<()> {
    for (path, bytes) in content.files() {
        let path = directory.join(path);
        if let Some(above) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(above)?;
        }
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?.write_all(bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str) -> Content {
        let mut content = Content::default();
        content.add("a/b.rego", text.as_bytes().to_vec()).unwrap();
        content.add("c.rego", b"package c".to_vec()).unwrap();
        content
    }

    #[test]
    fn what_is_kept_is_its_owners_alone_and_replaces_what_was_changed() {
        let directory = tempfile::tempdir().unwrap();
        let cache = directory.path().join("deep/cache");
        let places = Places::new(directory.path(), Some(cache.clone()));
        let content = content("package b");
        keep(&content, &places).unwrap();
        let path = places.cached(content.digest()).unwrap();
        let mode = |it: &Path| fs::metadata(it).unwrap().permissions().mode() & 0o777;
        for it in [&cache, &path, &path.join("a")] {
            assert_eq!(mode(it), 0o700, "{}", it.display());
        }
        assert_eq!(mode(&path.join("c.rego")), 0o600);
        fs::write(path.join("c.rego"), "package d").unwrap();
        keep(&content, &places).unwrap();
        assert_eq!(Content::read(&path).unwrap(), content);
        assert_eq!(fs::read_dir(&cache).unwrap().count(), 1, "nothing is left beside");
        assert!(keep(&content, &Places::new(directory.path(), None)).is_err());
    }

    #[test]
    fn many_at_once_do_no_harm() {
        let directory = tempfile::tempdir().unwrap();
        let places = Places::new(directory.path(), Some(directory.path().join("cache")));
        let content = content(&"x".repeat(100_000));
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| keep(&content, &places))).collect();
            for it in all {
                it.join().unwrap().unwrap();
            }
        });
        assert_eq!(Content::read(&places.cached(content.digest()).unwrap()).unwrap(), content);
        assert_eq!(fs::read_dir(places.cache().unwrap()).unwrap().count(), 1);
    }
}
