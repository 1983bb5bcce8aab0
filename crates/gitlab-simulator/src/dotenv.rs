//! Looks into a `dotenv` report as GitLab does when it is uploaded: one line that it cannot read, and the report is refused.
//!
//! Source: GitLab, `app/services/ci/parse_dotenv_artifact_service.rb`.

use flate2::read::MultiGzDecoder;
use std::io::Read;

/// Bytes that the file may have.
const MOST_BYTES: u64 = 5 * 1024;
/// Variables that it may have, unless an instance's plan says otherwise.
const MOST_VARIABLES: usize = 20;

/// Judges the file, which is packed with gzip.
///
/// # Errors
///
/// GitLab's words, where it would refuse the report.
pub(crate) fn judge(packed: &[u8]) -> Result<(), &'static str> {
    let mut file = Vec::new();
    let unpacked = MultiGzDecoder::new(packed).take(MOST_BYTES + 1).read_to_end(&mut file);
    unpacked.map_err(|_no_gzip| "Invalid Format!")?;
    if file.len() as u64 > MOST_BYTES {
        return Err("Dotenv Artifact Too Big. Maximum Allowable Size: 5120");
    }
    let text = std::str::from_utf8(&file).map_err(|_no_text| "Invalid Format!")?;
    let is_of_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let is_variable = |line: &str| {
        line.trim_end_matches('\r').split_once('=').is_some_and(|(name, _)| {
            let name = name.trim();
            !name.is_empty() && name.chars().all(is_of_name)
        })
    };
    if !text.lines().all(is_variable) {
        return Err("Invalid Format!");
    }
    if text.lines().count() > MOST_VARIABLES {
        return Err("Dotenv files cannot have more than 20 variables");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn packed(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_line_that_is_no_variable_costs_the_report() {
        for good in ["", "A=1\n", "VPC_ID=vpc-0a1b2c\nB=\"x=y\"\nC=", "A=1\r\nB=2\r\n"] {
            assert_eq!(judge(&packed(good)), Ok(()), "{good:?}");
        }
        for bad in ["A=1\n\nB=2\n", "# a comment\n", "A\n", "=1\n", "A-B=1\n", "É=1\n"] {
            assert_eq!(judge(&packed(bad)), Err("Invalid Format!"), "{bad:?}");
        }
        assert_eq!(judge(b"A=1\n"), Err("Invalid Format!"));
        assert!(judge(&packed(&"A=1\n".repeat(21))).is_err_and(|it| it.contains("20 variables")));
        assert!(judge(&packed(&format!("A={}", "x".repeat(5119)))).is_err_and(|it| it.contains("Too Big")));
    }
}
