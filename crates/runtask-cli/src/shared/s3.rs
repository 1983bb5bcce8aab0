//! Fetches archives from S3, by the program `aws`, which knows the user's credentials.

use super::archive::{MAX_ARCHIVE_BYTES, add};
use super::programs::{Deadline, program, run};
use anyhow::{Context, bail, ensure};
use runtask_process::{PrivateDirectory, Program};
use runtask_sources::{Content, Revision};
use runtask_terminal::environment::names;
use serde::Deserialize;
use std::fs::File;

/// Bytes of what `aws` says of an object.
const MAX_SAID_BYTES: u64 = 1 << 20;

/// An object in S3.
#[derive(Debug)]
pub(super) struct Object<'a> {
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) deadline: Deadline,
}

/// What is said of an object.
///
/// Source: AWS CLI Command Reference, "s3api head-object", "Output".
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Head {
    content_length: u64,
    version_id: Option<String>,
    #[serde(rename = "ETag")]
    etag: String,
}

impl Object<'_> {
    /// The newest version; where the bucket keeps none, the object as it is.
    pub(super) async fn resolve(&self) -> anyhow::Result<Revision> {
        let said = self.ask("head-object", &[]).await?;
        let head: Head =
            serde_json::from_slice(&said).context("aws said nothing of the object that can be read")?;
        ensure!(
            head.content_length <= MAX_ARCHIVE_BYTES,
            "the archive has {} bytes, and {MAX_ARCHIVE_BYTES} are fetched",
            head.content_length
        );
        // Of what was there before the bucket kept versions, the version is "null", which the next one takes over.
        match head.version_id.filter(|it| it != "null") {
            Some(id) => Revision::version(&id).context("the version's id cannot be read"),
            None => Revision::etag(head.etag.trim_matches('"')).context("the entity tag cannot be read"),
        }
    }

    /// What a directory of the archive holds in this state.
    pub(super) async fn fetch(&self, revision: &Revision, directory: &str) -> anyhow::Result<Content> {
        let place = PrivateDirectory::new().context("no private directory could be made")?;
        let path = place.path().join("archive.tar.gz");
        let file = path.to_str().context("the private directory's path is not UTF-8")?;
        let state = match revision {
            Revision::Version(id) => ["--version-id".to_owned(), id.clone()],
            Revision::Etag(tag) => ["--if-match".to_owned(), format!("\"{tag}\"")],
            Revision::Commit(_) | Revision::Manifest(_) => bail!("S3 has no such revision"),
        };
        self.ask("get-object", &[&state[0], &state[1], file]).await?;
        let mut content = Content::default();
        add(&mut content, File::open(&path).context("aws has written no archive")?, directory)?;
        Ok(content)
    }

    async fn ask(&self, question: &str, more: &[&str]) -> anyhow::Result<Vec<u8>> {
        let object = ["s3api", question, "--output", "json", "--bucket", self.bucket, "--key", self.key];
        let program = Self::program()?.arguments(object.iter().chain(more));
        run(program.file_bytes(MAX_ARCHIVE_BYTES), "aws", self.deadline, MAX_SAID_BYTES).await
    }

    /// `aws`, with all that it is told by variables of its own.
    fn program() -> anyhow::Result<Program> {
        let own: Vec<String> = names().filter(|it| it.starts_with("AWS_")).collect();
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let program = program("aws", "install the AWS CLI", &own)?;
        // Nobody is there to turn pages, or to be asked.
        Ok(program.variable("AWS_PAGER", "").variable("AWS_CLI_AUTO_PROMPT", "off"))
    }
}
