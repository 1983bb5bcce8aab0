//! What a failed job should hear about its Terraform state.

use std::path::{Path, PathBuf};

/// A lock that somebody else holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HeldLock {
    id: String,
    /// Who, and since when, where Terraform says so.
    holder: Option<(String, String)>,
}

impl HeldLock {
    /// Finds the last one in a log.
    ///
    /// With a state in GitLab, what Terraform prints as "Lock Info" is the lock that it wanted; of the one that is there it
    /// prints the id alone. With other places it is the lock that is there.
    ///
    /// Source: Terraform, `internal/backend/remote-state/http` and `internal/states/statemgr`.
    pub(crate) fn find(log: &str) -> Option<Self> {
        let (_, info) = log.rsplit_once("Error acquiring the state lock")?;
        if let Some((_, held)) = info.split_once("HTTP remote state already locked") {
            let id = held.split_once("ID=")?.1;
            let end = id.find(|it: char| !(it.is_ascii_alphanumeric() || it == '-')).unwrap_or(id.len());
            return Some(Self { id: id.get(..end)?.to_owned(), holder: None });
        }
        let field = |name: &str| {
            let found = info.lines().take(40).find_map(|it| Some(it.split_once(name)?.1.trim().to_owned()));
            found.unwrap_or_default()
        };
        let lock = Self { id: field(" ID:"), holder: Some((field(" Who:"), field(" Created:"))) };
        (!lock.id.is_empty()).then_some(lock)
    }

    /// What to do about it, in a line.
    pub(crate) fn hint(&self) -> String {
        let id = &self.id;
        let holder = match &self.holder {
            Some((who, since)) => format!("by {who}, since {since}"),
            None => "by somebody whom GitLab names under Operate > Terraform states".to_owned(),
        };
        format!(
            "the Terraform state is locked {holder}. Wait for whoever that is; if nobody is, free it with \
             `terraform force-unlock {id}`"
        )
    }
}

/// Whether Terraform says that it was interrupted. Even then, what the cloud was making may be in no state.
///
/// Source: Terraform, `internal/command/views`, "Interrupt received."
pub(crate) fn was_interrupted(log: &str) -> bool {
    log.contains("Interrupt received.")
}

/// A state that Terraform could not store, somewhere in the project, down to a few levels.
pub(crate) fn find_errored_state(project: &Path) -> Option<PathBuf> {
    const LEVELS: usize = 6;
    let mut directories = vec![(project.to_owned(), 0)];
    while let Some((directory, level)) = directories.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok) {
            if entry.file_name() == "errored.tfstate" {
                return Some(entry.path());
            }
            let is_directory = entry.file_type().is_ok_and(|it| it.is_dir());
            if is_directory && level < LEVELS && entry.file_name() != ".git" {
                directories.push((entry.path(), level + 1));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_holds_the_lock_is_named() {
        let log = "
╷
│ Error: Error acquiring the state lock
│\u{20}
│ Error message: operation error S3: PutObject, https response error StatusCode: 412
│ Lock Info:
│   ID:        6f1c2a9d-4b3e-5f70-8192-a3b4c5d6e7f8
│   Path:     \u{20}
│   Operation: OperationTypeApply
│   Who:       ada@example
│   Version:   1.12.2
│   Created:   2026-08-20 09:15:02.123 +0000 UTC
│   Info:     \u{20}
│\u{20}
";
        assert_eq!(
            HeldLock::find(log).unwrap().hint(),
            "the Terraform state is locked by ada@example, since 2026-08-20 09:15:02.123 +0000 UTC. Wait for whoever that \
             is; if nobody is, free it with `terraform force-unlock 6f1c2a9d-4b3e-5f70-8192-a3b4c5d6e7f8`"
        );
        let gitlab = "
│ Error: Error acquiring the state lock
│
│ Error message: HTTP remote state already locked:
│ ID=9db590f1-b6fe-c5f2-2678-8804f089deba
│ Lock Info:
│   ID:        c34ca91c-5519-79ca-54b9-9ef6d333604e
│   Who:       ada@example
";
        assert_eq!(
            HeldLock::find(gitlab).unwrap().hint(),
            "the Terraform state is locked by somebody whom GitLab names under Operate > Terraform states. Wait for \
             whoever that is; if nobody is, free it with `terraform force-unlock 9db590f1-b6fe-c5f2-2678-8804f089deba`"
        );
        assert_eq!(HeldLock::find("Error: Error acquiring the state lock\n"), None);
        assert_eq!(HeldLock::find("ID: 1"), None);
    }

    #[test]
    fn a_state_that_could_not_be_stored_is_found() {
        let project = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(project.path().join("envs/prod")).unwrap();
        assert_eq!(find_errored_state(project.path()), None);
        std::fs::write(project.path().join("envs/prod/errored.tfstate"), "").unwrap();
        assert!(find_errored_state(project.path()).unwrap().ends_with("prod/errored.tfstate"));
    }
}
