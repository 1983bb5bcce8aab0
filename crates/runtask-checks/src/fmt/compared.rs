//! Holds what terraform says of files against what the crate `terraform-fmt` says.

use super::asked::{self, Answer};
use super::copies::Copies;
use super::diff::first_change;
use super::error::FmtError;
use super::files::read;
use super::judged::line_of;
use super::output::Diagnostic;
use crate::terraform::Terraform;
use runtask_findings::shown_path;
use runtask_log::{event, metric};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use terraform_fmt::{Doubt, Formatted, Refusal, Summary};
use tokio::task::spawn_blocking;
use tracing::warn;

/// Suffixes that every terraform formats. One that does not know another of them leaves its files alone.
const SUFFIXES_OF_ALL: [&str; 2] = [".tf", ".tfvars"];

/// What came out of a comparison.
#[derive(Debug, Default)]
pub struct Compared {
    /// Files about which both say the same.
    pub agreed: usize,
    /// Files about which only terraform is sure.
    pub not_sure: Vec<(PathBuf, Doubt)>,
    /// Files about which they do not say the same.
    pub different: Vec<Different>,
    /// Files that could not be read, and why.
    pub unreadable: Vec<(PathBuf, &'static str)>,
}

/// A file about which terraform and the crate do not say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Different {
    /// The file.
    pub path: PathBuf,
    /// The first line where they differ, as each would write it, or where one finds an error.
    pub line: u32,
    /// What terraform says, as in `terraform would change it`.
    pub terraform: String,
    /// What the crate says.
    pub native: String,
}

/// Asks terraform and the crate about these files; nothing is written to them.
///
/// # Errors
///
/// Why terraform could not be asked, in a sentence for people.
pub async fn compare(terraform: &Terraform, files: Vec<PathBuf>) -> Result<Compared, String> {
    compare_files(terraform, files).await.map_err(|error| error.to_string())
}

async fn compare_files(terraform: &Terraform, files: Vec<PathBuf>) -> Result<Compared, FmtError> {
    let copying = spawn_blocking(move || {
        let (mut copies, mut compared) = (Copies::new()?, Compared::default());
        for path in files {
            match read(&path) {
                Ok(content) => copies.add(path, &content)?,
                Err(reason) => compared.unreadable.push((path, reason)),
            }
        }
        Ok((copies, compared))
    });
    let (copies, mut compared) = copying.await?.map_err(FmtError::Copy)?;
    let answers = asked::format(terraform, copies, terraform.deadline()).await?;
    let comparing = spawn_blocking(move || {
        answers.each(|path, answer| {
            match read(path) {
                Ok(content) => compared.add(path, &content, answer),
                Err(reason) => compared.unreadable.push((path.to_owned(), reason)),
            }
            Ok(())
        })?;
        Ok(compared)
    });
    comparing.await?.map_err(FmtError::Compare)
}

impl Compared {
    /// Compares about one file with this content.
    pub(super) fn add(&mut self, path: &Path, content: &[u8], answer: Answer<'_>) {
        // Terraform has decided: whatever the crate does must not change that.
        let Ok(native) = catch_unwind(|| terraform_fmt::format(content)) else {
            let (terraform, native) =
                (said_by_terraform(answer, content), "the native formatter panics".to_owned());
            self.different.push(Different { path: path.to_owned(), line: 1, terraform, native });
            return;
        };
        if let Err(Refusal::NotSure(doubt)) = native {
            self.not_sure.push((path.to_owned(), doubt));
        } else if let Some(line) = difference(path, content, answer, &native) {
            let (terraform, native) = (said_by_terraform(answer, content), said_by_us(&native));
            self.different.push(Different { path: path.to_owned(), line, terraform, native });
        } else {
            self.agreed += 1;
        }
    }

    /// Tells operators of each difference, and counts them.
    pub(super) fn tell(&self) {
        for Different { path, line, terraform, native } in &self.different {
            metric::count("FormatDifferences");
            warn!(
                event = event::FMT_DIFFERENT,
                file = shown_path(path),
                line,
                "terraform and the native formatter differ: {terraform}, {native}"
            );
        }
    }
}

/// The line where they differ; nothing where they agree.
fn difference(
    path: &Path,
    content: &[u8],
    answer: Answer<'_>,
    native: &Result<Formatted, Refusal>,
) -> Option<u32> {
    match (answer, native) {
        (Answer::Formatted(theirs), Ok(ours)) => {
            let ours = ours.changed().unwrap_or(content);
            let name = path.as_os_str().as_encoded_bytes();
            let is_of_all = SUFFIXES_OF_ALL.iter().any(|it| name.ends_with(it.as_bytes()));
            if theirs == ours || (theirs == content && !is_of_all) {
                return None;
            }
            Some(first_change(theirs, ours))
        }
        (Answer::Errors(theirs), Err(Refusal::Errors(ours))) => {
            let ours = ours.iter().map(|it| (it.summary.name(), line_of(it)));
            let same = theirs.iter().map(|it| (it.summary.as_str(), it.line())).eq(ours);
            (!same).then(|| theirs.first().map_or(1, Diagnostic::line))
        }
        (Answer::Errors(theirs), _) => Some(theirs.first().map_or(1, Diagnostic::line)),
        (Answer::Formatted(_), Err(Refusal::Errors(ours))) => Some(ours.first().map_or(1, line_of)),
        (Answer::Formatted(_), Err(Refusal::NotSure(_))) => None,
    }
}

fn said_by_terraform(answer: Answer<'_>, content: &[u8]) -> String {
    match answer {
        Answer::Formatted(it) if it == content => "terraform would leave it alone".to_owned(),
        Answer::Formatted(_) => "terraform would change it".to_owned(),
        // Of what we do not know, the words stay with terraform: they might be of the file.
        Answer::Errors(errors) => {
            let known = |it: &Diagnostic| match Summary::of_name(&it.summary) {
                Some(summary) => format!("{summary} on line {}", it.line()),
                None => format!("an error on line {}", it.line()),
            };
            format!("terraform finds {}", errors.iter().map(known).collect::<Vec<_>>().join(", "))
        }
    }
}

fn said_by_us(native: &Result<Formatted, Refusal>) -> String {
    match native {
        Ok(it) if it.is_unchanged() => "the native formatter would leave it alone".to_owned(),
        Ok(_) => "the native formatter would change it".to_owned(),
        Err(Refusal::Errors(errors)) => {
            let errors = errors.iter().map(|it| format!("{} on line {}", it.summary, it.line));
            format!("the native formatter finds {}", errors.collect::<Vec<_>>().join(", "))
        }
        Err(Refusal::NotSure(_)) => "the native formatter is not sure".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fmt::output::Place;

    fn compared(path: &str, content: &str, answer: Answer<'_>) -> Compared {
        let mut compared = Compared::default();
        compared.add(Path::new(path), content.as_bytes(), answer);
        compared
    }

    fn different(path: &str, content: &str, answer: Answer<'_>) -> Option<String> {
        let compared = compared(path, content, answer);
        let it = compared.different.first()?;
        Some(format!("{}:{}: {}, {}", it.path.display(), it.line, it.terraform, it.native))
    }

    #[test]
    fn whatever_terraform_says_otherwise_is_a_difference() {
        let error = |summary: &str, line| Diagnostic {
            summary: summary.to_owned(),
            place: Some(Place { file: "00000.tf".to_owned(), line }),
        };
        let told = |content, answer| different("a.tf", content, answer);
        assert_eq!(told("a = 1\n", Answer::Formatted(b"a = 1\n")), None);
        assert_eq!(told("a =1\n", Answer::Formatted(b"a = 1\n")), None);
        let right = [error("Invalid expression", 2)];
        assert_eq!(told("a = 1\nb =\n", Answer::Errors(&right)), None);

        let said = told("a = 1\nb =1\n", Answer::Formatted(b"a = 1\nb =1\n")).unwrap();
        assert_eq!(said, "a.tf:2: terraform would leave it alone, the native formatter would change it");
        let said = told("a =1\n", Answer::Formatted(b"a  = 1\n")).unwrap();
        assert_eq!(said, "a.tf:1: terraform would change it, the native formatter would change it");
        let other = [error("Invalid expression", 3)];
        let said = told("a = 1\nb =\n", Answer::Errors(&other)).unwrap();
        assert_eq!(
            said,
            "a.tf:3: terraform finds Invalid expression on line 3, the native formatter finds Invalid expression on line 2"
        );
        let new = [error("Secret hunter2", 1)];
        let said = told("a = 1\n", Answer::Errors(&new)).unwrap();
        assert_eq!(
            said,
            "a.tf:1: terraform finds an error on line 1, the native formatter would leave it alone"
        );
        let said = told("b =\n", Answer::Formatted(b"b =\n")).unwrap();
        assert_eq!(
            said,
            "a.tf:1: terraform would leave it alone, the native formatter finds Invalid expression on line 1"
        );
    }

    /// A terraform of before 1.15 leaves these files alone, and one of after that does not.
    #[test]
    fn a_suffix_that_terraform_does_not_know_is_no_difference() {
        assert_eq!(different("a.tfquery.hcl", "a =1\n", Answer::Formatted(b"a =1\n")), None);
        assert!(different("a.tfquery.hcl", "a =1\n", Answer::Formatted(b"a  =  1\n")).is_some());
        assert!(different("a.tfvars", "a =1\n", Answer::Formatted(b"a =1\n")).is_some());
    }

    #[test]
    fn where_the_crate_is_not_sure_nothing_is_compared() {
        let content = "resource \"\u{1f}\u{378}\" {}\n";
        let compared = compared("a.tf", content, Answer::Formatted(b"whatever"));
        assert_eq!((compared.not_sure.len(), compared.agreed, compared.different), (1, 0, Vec::new()));
    }
}
