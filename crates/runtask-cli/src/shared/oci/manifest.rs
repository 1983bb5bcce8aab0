//! Reads the manifest of an artifact: which layers it has, and what each holds.

use anyhow::{Context, bail, ensure};
use runtask_findings::printable;
use runtask_sources::{Digest, MAX_FILES};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::HashMap;

/// The manifests that are asked for.
pub(super) const MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// A bundle of OPA's.
const ARCHIVE: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// A file of conftest's, whose path is in an annotation.
const FILES: [&str; 2] = [
    "application/vnd.cncf.openpolicyagent.policy.layer.v1+rego",
    "application/vnd.cncf.openpolicyagent.data.layer.v1+json",
];
/// What a bundle says of itself, and no policy needs.
const BESIDE: &str = "application/vnd.cncf.openpolicyagent.manifest.layer.v1+json";
const TITLE: &str = "org.opencontainers.image.title";

#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    layers: Option<Vec<Described>>,
    manifests: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    annotations: HashMap<String, String>,
}

/// A blob that has to be fetched.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) digest: Digest,
    pub(super) size: u64,
    pub(super) holds: Holds,
}

/// What is in a blob.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// A tar.gz.
    Archive,
    /// A file of this path.
    File(String),
}

impl Manifest {
    pub(super) fn read(bytes: &[u8]) -> anyhow::Result<Self> {
        serde_json::from_slice(bytes).context("the manifest cannot be read")
    }

    /// The layers. One that nobody knows is an error: it could be rules that would not be asked.
    pub(super) fn layers(self) -> anyhow::Result<Vec<Layer>> {
        ensure!(
            self.manifests.is_none(),
            "it is an index of several artifacts: name one by its digest, REPOSITORY@sha256:…"
        );
        let described = self.layers.context("the manifest has no layers")?;
        ensure!(described.len() <= MAX_FILES, "the manifest has more than {MAX_FILES} layers");
        let mut layers = Vec::new();
        for Described { media_type, digest, size, mut annotations } in described {
            let holds =
                match media_type.as_str() {
                    BESIDE => continue,
                    ARCHIVE => Holds::Archive,
                    it if FILES.contains(&it) => {
                        let title = annotations.remove(TITLE);
                        Holds::File(title.with_context(|| {
                            format!("a layer has no {TITLE}, which says what it is called")
                        })?)
                    }
                    other => bail!(
                        "it has a layer of the type {}, which is no bundle of OPA and no policy of conftest",
                        printable(&other.chars().take(100).collect::<String>())
                    ),
                };
            let digest = digest.parse().context("the digest of a layer cannot be read")?;
            layers.push(Layer { digest, size, holds });
        }
        Ok(layers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn layers(json: &serde_json::Value) -> Result<Vec<Layer>, String> {
        let manifest = Manifest::read(json.to_string().as_bytes());
        manifest.and_then(Manifest::layers).map_err(|error| error.to_string())
    }

    #[test]
    fn layers_are_those_of_opa_and_conftest_and_no_others() {
        let digest = Digest::of(b"abc");
        let layer = |kind: &str, title: Option<&str>| {
            json!({ "mediaType": kind, "digest": digest.to_string(), "size": 3,
                    "annotations": title.map_or(json!({}), |it| json!({ TITLE: it })) })
        };
        let manifest = |layers: Vec<serde_json::Value>| json!({ "schemaVersion": 2, "layers": layers });
        let good =
            manifest(vec![layer(ARCHIVE, None), layer(FILES[0], Some("p/a.rego")), layer(BESIDE, None)]);
        let expected = [Holds::Archive, Holds::File("p/a.rego".to_owned())];
        assert_eq!(layers(&good), Ok(expected.map(|holds| Layer { digest, size: 3, holds }).into()));
        for (wrong, expected) in [
            (json!({ "manifests": [] }), "it is an index of several artifacts"),
            (json!({}), "the manifest has no layers"),
            (json!([]), "the manifest cannot be read"),
            (manifest(vec![layer(FILES[1], None)]), "a layer has no org.opencontainers.image.title"),
            (
                manifest(vec![layer("application/wasm\n", None)]),
                "it has a layer of the type application/wasm",
            ),
            (
                manifest(vec![json!({ "mediaType": ARCHIVE, "digest": "md5:1", "size": 1 })]),
                "the digest of a layer",
            ),
            (
                manifest(vec![json!({ "mediaType": ARCHIVE, "digest": digest.to_string(), "size": -1 })]),
                "cannot be read",
            ),
        ] {
            let error = layers(&wrong).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
