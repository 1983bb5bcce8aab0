//! Fetches artifacts from registries: bundles as OPA makes them, and policies as conftest pushes them.
//!
//! Sources: OCI Distribution Specification 1.1, "Pulling manifests" and "Pulling blobs"; OCI Image Manifest Specification 1.1;
//! conftest, "Sharing policies"; OPA, "OCI registries".

mod credentials;
mod manifest;
mod registry;

pub(super) use credentials::Credentials;

use super::archive::{MAX_ARCHIVE_BYTES, add, below};
use anyhow::{Context, ensure};
use manifest::{Holds, Manifest};
use registry::Registry;
use runtask_client::ClientSettings;
use runtask_sources::{Content, ContentError, Digest, OciReference, Revision};

/// Bytes of a manifest. Registries take no larger ones.
const MAX_MANIFEST_BYTES: u64 = 4 << 20;

/// A repository of a registry, and the directory of its artifacts that counts.
#[derive(Debug)]
pub(super) struct Oci<'a> {
    registry: Registry<'a>,
    repository: &'a str,
    directory: &'a str,
}

impl<'a> Oci<'a> {
    pub(super) fn new(
        registry: &'a str,
        repository: &'a str,
        directory: &'a str,
        client: &ClientSettings,
        credentials: Option<&'a Credentials>,
    ) -> anyhow::Result<Self> {
        let registry = Registry::new(registry, repository, client, credentials)?;
        Ok(Self { registry, repository, directory })
    }

    /// The digest of the manifest that a tag is at.
    pub(super) async fn resolve(mut self, reference: &OciReference) -> anyhow::Result<Revision> {
        match reference {
            OciReference::Digest(digest) => Ok(Revision::Manifest(*digest)),
            OciReference::Tag(tag) => Ok(Revision::Manifest(Digest::of(&self.manifest(tag).await?))),
        }
    }

    /// What the directory holds in the artifact of this digest.
    pub(super) async fn fetch(mut self, digest: Digest) -> anyhow::Result<Content> {
        let manifest = self.manifest(&digest.to_string()).await?;
        ensure!(Digest::of(&manifest) == digest, "the registry gave another manifest than {digest}");
        let layers = Manifest::read(&manifest)?.layers()?;
        let mut content = Content::default();
        let mut left = MAX_ARCHIVE_BYTES;
        for layer in layers {
            // What lies elsewhere need not be fetched.
            let path = match &layer.holds {
                Holds::Archive => None,
                Holds::File(title) => match below(title, self.directory) {
                    Some(path) => Some(path.to_owned()),
                    None => continue,
                },
            };
            left = left.checked_sub(layer.size).ok_or(ContentError::TooMuch)?;
            if let Some(path) = &path {
                content.admit(path, layer.size)?;
            }
            let blob = format!("/v2/{}/blobs/{}", self.repository, layer.digest);
            let bytes = self.registry.get(&blob, "*/*", layer.size).await?;
            ensure!(
                Digest::of(&bytes) == layer.digest,
                "the registry gave other bytes than those of {}",
                layer.digest
            );
            match path {
                Some(path) => content.add(&path, bytes)?,
                None => add(&mut content, &bytes[..], self.directory)?,
            }
        }
        Ok(content)
    }

    async fn manifest(&mut self, reference: &str) -> anyhow::Result<Vec<u8>> {
        let path = format!("/v2/{}/manifests/{reference}", self.repository);
        let manifest = self.registry.get(&path, manifest::MEDIA_TYPE, MAX_MANIFEST_BYTES).await;
        manifest.context("the manifest cannot be fetched")
    }
}
