//! Fetches from git repositories, by the program `git`, into a repository of our own that nobody else sees.
//!
//! Nothing is checked out: the files are read out of git's objects, so neither hooks nor attributes nor filters nor links have
//! a say, and their sizes are known before they are read.

use super::programs::{Deadline, program, run};
use anyhow::{Context, bail, ensure};
use runtask_process::{PrivateDirectory, Program};
use runtask_sources::{Content, ContentError, MAX_BYTES, MAX_FILES, Revision};
use runtask_terminal::environment::lookup;

/// Bytes of a pack, and so of what a repository sends for one commit.
const MAX_PACK_BYTES: u64 = 1 << 30;
/// Bytes of a listing: of a hundred thousand files with long names, say.
const MAX_LISTING_BYTES: u64 = 32 << 20;
/// Bytes that git writes before and after each object.
const MAX_FRAME_BYTES: u64 = 128;

/// What a user sets to be let in, and to reach a server at all.
const VARIABLES: [&str; 6] = [
    "SSH_AUTH_SOCK",
    "GIT_SSH_COMMAND",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_COUNT",
];
/// Settings of the environment that are passed on: pairs of `GIT_CONFIG_KEY_N` and `GIT_CONFIG_VALUE_N`.
const MAX_SETTINGS: usize = 100;

/// What stands above anything that a user has set.
const SETTINGS: [&str; 9] = [
    "core.hooksPath=/dev/null",
    "core.askPass=",
    "credential.interactive=false",
    "fetch.fsckObjects=true",
    "gc.auto=0",
    "init.templateDir=",
    "maintenance.auto=false",
    "protocol.version=2",
    "submodule.recurse=false",
];

/// A repository, and the directory of it that counts.
#[derive(Debug)]
pub(super) struct Git<'a> {
    pub(super) url: &'a str,
    pub(super) directory: &'a str,
    pub(super) deadline: Deadline,
}

/// A file as git lists it.
struct Blob {
    id: String,
    path: String,
}

impl Git<'_> {
    /// The commit that a branch or a tag is at, or the remote's own branch.
    pub(super) async fn resolve(&self, reference: Option<&str>) -> anyhow::Result<Revision> {
        if let Some(revision) = reference.and_then(|it| Revision::commit(it).ok()) {
            return Ok(revision);
        }
        let place = PrivateDirectory::new().context("no private directory could be made")?;
        let names = names(reference);
        let mut question = vec!["ls-remote", "--", self.url];
        question.extend(names.iter().map(String::as_str));
        let said = self.ask(&question, &place, None, MAX_LISTING_BYTES).await?;
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<_> = said.lines().filter_map(|it| it.split_once('\t')).collect();
        let found = names.iter().find_map(|name| lines.iter().find(|(_, it)| it == name));
        match (found, reference) {
            (Some((commit, _)), _) => Revision::commit(commit).context("git names no commit"),
            (None, Some(reference)) => {
                bail!("it has no branch or tag `{reference}`; a commit is written with its whole hash")
            }
            (None, None) => bail!("it has no branch of its own: write ?ref=BRANCH"),
        }
    }

    /// What the directory holds at a commit.
    pub(super) async fn fetch(&self, commit: &str) -> anyhow::Result<Content> {
        let place = PrivateDirectory::new().context("no private directory could be made")?;
        let format = if commit.len() == 64 { "--object-format=sha256" } else { "--object-format=sha1" };
        self.ask(&["init", "--quiet", "--bare", format, "."], &place, None, MAX_FRAME_BYTES).await?;
        let options = ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--"];
        let fetching = [&options[..], &[self.url, commit]].concat();
        self.ask(&fetching, &place, None, MAX_LISTING_BYTES).await?;
        let tree = format!("{commit}:{}", self.directory);
        let listing = ["ls-tree", "-r", "-z", "--long", "--full-tree", &tree];
        let listed = self.ask(&listing, &place, None, MAX_LISTING_BYTES).await;
        let listed = listed.with_context(|| match self.directory {
            "" => "its files cannot be listed".to_owned(),
            directory => format!("it has no directory `{directory}` that can be listed"),
        })?;
        let (blobs, bytes) = blobs(&listed)?;
        let ids: String = blobs.iter().map(|it| format!("{}\n", it.id)).collect();
        let frames = blobs.len() as u64 * MAX_FRAME_BYTES;
        let objects = self.ask(&["cat-file", "--batch"], &place, Some(&ids), bytes + frames).await?;
        let mut content = Content::default();
        let mut rest = &objects[..];
        for Blob { id, path } in &blobs {
            let (bytes, after) = object(rest, id).context("git gave other objects than it was asked for")?;
            content.add(path, bytes.to_vec())?;
            rest = after;
        }
        ensure!(rest.is_empty(), "git gave more objects than it was asked for");
        Ok(content)
    }

    async fn ask(
        &self,
        question: &[&str],
        place: &PrivateDirectory,
        input: Option<&str>,
        max_bytes: u64,
    ) -> anyhow::Result<Vec<u8>> {
        let program = self.program(place)?.arguments(question);
        let program = match input {
            Some(input) => program.input(input.as_bytes()).context("git gets no input")?,
            None => program,
        };
        run(program, "git", self.deadline, max_bytes).await
    }

    /// git, which asks nobody anything, runs nothing of the repository's, and speaks this source's protocol alone.
    fn program(&self, place: &PrivateDirectory) -> anyhow::Result<Program> {
        let settings = (0..MAX_SETTINGS)
            .flat_map(|it| [format!("GIT_CONFIG_KEY_{it}"), format!("GIT_CONFIG_VALUE_{it}")]);
        let settings: Vec<String> = settings.filter(|it| lookup(it).is_some()).collect();
        let names: Vec<&str> = VARIABLES.iter().copied().chain(settings.iter().map(String::as_str)).collect();
        let protocol = self.url.split("://").next().unwrap_or_default();
        let above = place.path().parent().unwrap_or(place.path());
        let mut program = program("git", "install it", &names)?
            .directory(place.path())
            // A repository around ours is none of ours.
            .variable("GIT_CEILING_DIRECTORIES", above)
            .variable("GIT_ALLOW_PROTOCOL", protocol)
            .variable("GIT_CONFIG_NOSYSTEM", "1")
            .variable("GIT_ATTR_NOSYSTEM", "1")
            .variable("GIT_TERMINAL_PROMPT", "0")
            .variable("GIT_NO_REPLACE_OBJECTS", "1")
            .variable("LC_ALL", "C")
            .file_bytes(MAX_PACK_BYTES);
        if lookup("GIT_SSH_COMMAND").is_none_or(|it| it.is_empty()) {
            program = program.variable("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        }
        Ok(program.arguments(SETTINGS.iter().flat_map(|it| ["-c", it])))
    }
}

/// The names under which a ref may be listed, the best first: a tag's commit before the tag, as git itself prefers tags to
/// branches.
fn names(reference: Option<&str>) -> Vec<String> {
    match reference {
        None => vec!["HEAD".to_owned()],
        Some(full) if full.starts_with("refs/") => vec![format!("{full}^{{}}"), full.to_owned()],
        Some(short) => vec![
            format!("refs/tags/{short}^{{}}"),
            format!("refs/tags/{short}"),
            format!("refs/heads/{short}"),
        ],
    }
}

/// The files of a listing that count, and how many bytes they have together.
///
/// Source: git-ls-tree(1), "OUTPUT FORMAT": `<mode> SP <type> SP <object> SP <size> TAB <file>`, with sizes padded.
fn blobs(listing: &[u8]) -> anyhow::Result<(Vec<Blob>, u64)> {
    let mut blobs = Vec::new();
    let mut total = 0_u64;
    for entry in listing.split(|it| *it == 0).filter(|it| !it.is_empty()) {
        let text = String::from_utf8_lossy(entry);
        let (head, path) = text.split_once('\t').context("git's listing cannot be read")?;
        let mut fields = head.split_ascii_whitespace();
        let fields = (fields.next(), fields.nth(1), fields.next());
        let (Some(mode), Some(id), Some(size)) = fields else { bail!("git's listing cannot be read") };
        match mode {
            "120000" => Content::link(path)?,
            "160000" if !path.split('/').any(|it| it.starts_with('.')) => {
                bail!(
                    "it holds the submodule {path}, and submodules are not fetched: name their repository as a source"
                );
            }
            "100644" | "100755" | "100664" if Content::counts(path) => {
                if str::from_utf8(entry).is_err() {
                    return Err(ContentError::Name { path: path.to_owned() }.into());
                }
                let size: u64 = size.parse().context("git's listing cannot be read")?;
                total = total.saturating_add(size);
                if blobs.len() >= MAX_FILES || total > MAX_BYTES {
                    return Err(ContentError::TooMuch.into());
                }
                blobs.push(Blob { id: id.to_owned(), path: path.to_owned() });
            }
            _ => {}
        }
    }
    Ok((blobs, total))
}

/// The bytes of the object that comes first, which must be this one, and what follows.
///
/// Source: git-cat-file(1), "BATCH OUTPUT": `<oid> SP <type> SP <size> LF <contents> LF`.
fn object<'a>(output: &'a [u8], id: &str) -> Option<(&'a [u8], &'a [u8])> {
    let end = output.iter().position(|it| *it == b'\n')?;
    let (head, rest) = output.split_at_checked(end)?;
    let size = str::from_utf8(head).ok()?.strip_prefix(id)?.strip_prefix(" blob ")?.parse().ok()?;
    let (bytes, rest) = rest.get(1..)?.split_at_checked(size)?;
    Some((bytes, rest.strip_prefix(b"\n")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_as_git_writes_it() {
        let listing = [
            "100644 blob aaaa      12\ta.rego",
            "100755 blob bbbb       3\tp q/b.json",
            "100644 blob cccc       1\tREADME.md",
            "120000 blob dddd       1\t.github/x.rego",
            "160000 commit eeee       -\t.x/y",
        ];
        let listing = listing.map(|it| format!("{it}\0")).concat();
        let (found, bytes) = blobs(listing.as_bytes()).unwrap();
        let found: Vec<_> = found.iter().map(|it| (&*it.id, &*it.path)).collect();
        assert_eq!((found, bytes), (vec![("aaaa", "a.rego"), ("bbbb", "p q/b.json")], 15));
        for (listing, expected) in [
            (&b"120000 blob a 1\tcommon\0"[..], "holds the link common"),
            (b"160000 commit a -\tlib\0", "it holds the submodule lib"),
            (b"100644 blob a 33554433\ta.rego\0", "32 MiB"),
            (b"100644 blob a 1\t\xff.rego\0", "not every system can have"),
            (b"100644 blob", "git's listing cannot be read"),
        ] {
            let Err(error) = blobs(listing) else { panic!("{expected}") };
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn objects_are_those_that_were_asked_for() {
        assert_eq!(object(b"aa blob 3\nabc\nbb", "aa"), Some((&b"abc"[..], &b"bb"[..])));
        for output in [
            &b"aa missing\n"[..],
            b"aa tree 3\nabc\n",
            b"bb blob 3\nabc\n",
            b"aa blob 4\nabc\n",
            b"aa blob 3\nabcd",
            b"",
        ] {
            assert_eq!(object(output, "aa"), None);
        }
    }
}
