//! Finds the address of a file: what it is relative to is written elsewhere.

use super::document::{Artifact, ListedArtifact};
use crate::lenient::{Object, each, object};
use serde_json::value::RawValue;
use std::collections::HashMap;

/// How often a base may have a base of its own.
const MAX_STEPS: usize = 8;
/// Bytes of an address.
const MAX_URI: usize = 8 * 1024;
/// Files of one run that are listed.
const MAX_ARTIFACTS: usize = 100_000;

/// What addresses of one run are relative to, and the files that are listed for it.
#[derive(Debug)]
pub(super) struct Bases<'a> {
    bases: HashMap<String, Object<Artifact<'a>>>,
    artifacts: Vec<Option<Artifact<'a>>>,
}

impl<'a> Bases<'a> {
    pub(super) fn of(
        bases: Object<HashMap<String, Object<Artifact<'a>>>>,
        artifacts: Option<&'a RawValue>,
    ) -> Self {
        let mut listed = Vec::new();
        if let Some(artifacts) = artifacts {
            each(artifacts, |it| {
                if listed.len() < MAX_ARTIFACTS {
                    listed.push(object::<ListedArtifact<'a>>(it).and_then(|it| it.location.0));
                }
            });
        }
        Self { bases: bases.0.unwrap_or_default(), artifacts: listed }
    }

    /// The whole address, as far as it is known; nothing where bases go round in a circle.
    pub(super) fn uri(&self, artifact: &Artifact<'_>) -> Option<String> {
        if let Some(uri) = artifact.uri.get() {
            return self.from(uri, artifact.uri_base_id.get());
        }
        let number = usize::try_from(artifact.index.0?).ok()?;
        let listed = self.artifacts.get(number)?.as_ref()?;
        self.from(listed.uri.get()?, listed.uri_base_id.get())
    }

    fn from(&self, uri: &str, base: Option<&str>) -> Option<String> {
        let mut uri = uri.to_owned();
        let mut base = base;
        for _step in 0..MAX_STEPS {
            if uri.len() > MAX_URI {
                return None;
            }
            // Some tools name one and do not say where it is.
            let known = base.and_then(|it| self.bases.get(it)).and_then(|it| it.0.as_ref());
            let Some(known) = known.filter(|_| is_relative(&uri)) else { return Some(uri) };
            let above = known.uri.get().unwrap_or_default();
            let between = if above.is_empty() || above.ends_with('/') { "" } else { "/" };
            uri = format!("{above}{between}{uri}");
            base = known.uri_base_id.get();
        }
        None
    }
}

fn is_relative(uri: &str) -> bool {
    !uri.starts_with('/') && !uri.contains(':')
}
