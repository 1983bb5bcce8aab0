//! Checks a `dotenv` report before it is uploaded: GitLab refuses a wrong one without saying where it is wrong.

/// What all files of a report may be, in bytes, and how many variables they may hold, unless an instance says otherwise.
///
/// Source: GitLab, `app/services/ci/parse_dotenv_artifact_service.rb` and "GitLab CI/CD artifacts reports types".
const MAX_BYTES: usize = 5120;
const MAX_VARIABLES: usize = 20;

/// What GitLab would refuse a report for, in words for the job's log that repeat nothing of it.
///
/// # Errors
///
/// Says what is wrong, and in which line.
pub(crate) fn check_dotenv(content: &[u8]) -> Result<(), String> {
    if content.len() > MAX_BYTES {
        return Err(format!("it has {} bytes, and GitLab takes {MAX_BYTES}", content.len()));
    }
    let text = str::from_utf8(content).map_err(|error| {
        let before = content.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + before.iter().filter(|it| **it == b'\n').count();
        format!("line {line} is not UTF-8")
    })?;
    let mut variables = 0;
    for (line, number) in text.lines().zip(1..) {
        let Some((name, _)) = line.split_once('=') else {
            let what = if line.trim().is_empty() { "is blank" } else { "is not KEY=VALUE" };
            return Err(format!("line {number} {what}; GitLab takes neither blank lines nor comments"));
        };
        let name = name.trim();
        if name.is_empty() || !name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_') {
            return Err(format!("the name in line {number} holds something else than letters, digits and _"));
        }
        variables += 1;
    }
    if variables > MAX_VARIABLES {
        return Err(format!(
            "it has {variables} variables, and GitLab takes {MAX_VARIABLES} unless its limit was raised"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gitlab_would_refuse_is_named_by_its_line() {
        let error = |content: &[u8]| check_dotenv(content).unwrap_err();
        assert_eq!(check_dotenv(b"A=1\nB_2=x=y\nC=\n"), Ok(()));
        assert_eq!(error(b"A=1\n\nB=2\n"), "line 2 is blank; GitLab takes neither blank lines nor comments");
        assert_eq!(error(b"# x\n"), "line 1 is not KEY=VALUE; GitLab takes neither blank lines nor comments");
        assert_eq!(
            error(b"A=1\na-b=2\n"),
            "the name in line 2 holds something else than letters, digits and _"
        );
        assert_eq!(error(b"A=1\n\xff=2"), "line 2 is not UTF-8");
        assert_eq!(error(&[b'x'; 5121]), "it has 5121 bytes, and GitLab takes 5120");
        assert_eq!(
            error("A=1\n".repeat(21).as_bytes()),
            "it has 21 variables, and GitLab takes 20 unless its limit was raised"
        );
    }
}
