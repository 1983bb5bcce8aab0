//! `POST` and `GET /jobs/:id/artifacts`: takes and gives archives and reports.

use crate::call::{Call, Manner, Reply};
use crate::dotenv;
use crate::fault::Fault;
use crate::job::{Job, StoredArtifact};
use crate::json::{at, text_at};
use bytes::Bytes;
use std::time::Duration;

const FORMATS: [&str; 3] = ["zip", "gzip", "raw"];
/// Over how long a slow download comes.
const SLOW: Duration = Duration::from_secs(2);

/// What the instance has besides the job.
#[derive(Debug)]
pub(crate) struct Around<'a> {
    /// The instance's other address.
    pub(crate) mirror: &'a str,
    /// Whether the call came to that one.
    pub(crate) is_mirror: bool,
    /// The most bytes of an artifact.
    pub(crate) max_bytes: usize,
}

pub(crate) fn upload(job: &mut Job, call: &Call, fault: Option<Fault>, around: &Around<'_>) -> Reply {
    let (Some(artifact_type), Some(artifact_format)) =
        (call.parameter("artifact_type"), call.parameter("artifact_format"))
    else {
        job.violation("an artifact without type or format");
        return Reply::message(400, "artifact_type and artifact_format are missing");
    };
    if !FORMATS.contains(&artifact_format.as_str()) {
        job.violation(format!("an artifact in the format {artifact_format:?}"));
    }
    let expire_in = call.parameter("expire_in");
    let declared = at(&job.payload, "/artifacts").as_array();
    let is_declared = declared.is_some_and(|it| {
        it.iter().any(|it| {
            text_at(it, "/artifact_type") == Some(&artifact_type)
                && text_at(it, "/artifact_format") == Some(&artifact_format)
                && text_at(it, "/expire_in") == expire_in.as_deref()
        })
    });
    if !is_declared {
        let sentence = format!(
            "an artifact ({artifact_type}, {artifact_format}, {expire_in:?}) that the job does not declare"
        );
        job.violation(sentence);
    }
    let Some((filename, content)) = call.header("content-type").and_then(|it| file(it, &call.body)) else {
        job.violation("an artifact that is no multipart form with one part `file`");
        return Reply::message(400, "file is missing");
    };
    if job.artifacts.iter().any(|it| it.artifact_type == artifact_type) {
        job.violation(format!("a second artifact of the type {artifact_type}"));
        return Reply::message(400, "another artifact of the same type already exists");
    }
    match fault {
        Some(Fault::Upload307) if !around.is_mirror => {
            let target = format!("{}{}?{}", around.mirror, call.path, call.query);
            return Reply::new(307, "").with("location", target);
        }
        Some(Fault::Upload413) => return Reply::message(413, "413 Request Entity Too Large"),
        Some(Fault::Upload503N) => return Reply::message(503, "503 Service Unavailable"),
        Some(Fault::Upload400) => return Reply::message(400, "400 Bad request - Invalid Format!"),
        _ => {}
    }
    if content.len() > around.max_bytes {
        return Reply::message(413, "413 Request Entity Too Large");
    }
    if artifact_type == "dotenv"
        && let Err(words) = dotenv::judge(&content)
    {
        return Reply::message(400, words);
    }
    job.artifacts.push(StoredArtifact { filename, artifact_type, artifact_format, expire_in, content });
    job.answer(201)
}

/// The file of a form with one part.
fn file(content_type: &str, body: &Bytes) -> Option<(String, Bytes)> {
    let boundary = content_type.strip_prefix("multipart/form-data;")?.trim().strip_prefix("boundary=")?;
    let boundary = boundary.trim_matches('"');
    let rest = body.strip_prefix(format!("--{boundary}\r\n").as_bytes())?;
    let head_end = rest.windows(4).take(4096).position(|it| it == b"\r\n\r\n")?;
    let head = std::str::from_utf8(rest.get(..head_end)?).ok()?;
    let content = rest.get(head_end + 4..)?.strip_suffix(format!("\r\n--{boundary}--\r\n").as_bytes())?;
    let (_, names) = head.split_once("form-data;")?;
    let value =
        |name: &str| names.split(';').find_map(|it| it.trim().strip_prefix(name)?.strip_prefix("=\""));
    let name = value("name")?.split('"').next()?;
    let filename = value("filename")?.split('"').next()?.to_owned();
    (name == "file" && !filename.is_empty()).then(|| (filename, body.slice_ref(content)))
}

/// An archive that another job has uploaded, or where it is.
pub(crate) fn download(archive: Option<Bytes>, call: &Call, fault: Option<Fault>, link: &str) -> Reply {
    let Some(archive) = archive.filter(|_| fault != Some(Fault::Download404)) else {
        return Reply::message(404, "404 Not Found");
    };
    let is_direct = call.parameter("direct_download").is_some_and(|it| it == "true");
    let reply = Reply::new(200, archive).with("content-type", "application/octet-stream");
    match fault {
        Some(Fault::Download302) if is_direct => Reply::new(302, "").with("location", link),
        Some(Fault::DownloadSlow) => reply.sent(Manner::Trickling(SLOW)),
        Some(Fault::DownloadTruncated) => reply.sent(Manner::Cut),
        _ => reply,
    }
}
