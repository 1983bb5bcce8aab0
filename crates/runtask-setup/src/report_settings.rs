//! Reads where pages of reports are kept, and how people reach them.

use runtask_settings::{SettingsReader, numbers};
use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use url::Url;

/// Settings of the pages behind the links of results.
#[derive(Debug, Clone)]
pub struct ReportSettings {
    /// `RUNTASK_REPORTS`: where pages are kept; without it there are none.
    pub place: ReportPlace,
    /// `BASE_PUBLIC_URL`: the address at which people reach the pages, without a slash at its end.
    pub address: Option<String>,
    /// `RUNTASK_REPORT_DAYS`: how long each is kept; 30 days unless set.
    pub keep: Duration,
}

/// Where pages are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportPlace {
    /// `memory`: as long as the process lives.
    Memory,
    /// The path of a directory.
    Directory(PathBuf),
    /// `s3://BUCKET`
    Bucket(String),
}

impl FromStr for ReportPlace {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match (text, text.strip_prefix("s3://")) {
            ("memory", _) => Self::Memory,
            (_, Some(bucket)) => Self::Bucket(bucket.trim_end_matches('/').to_owned()),
            (path, None) => Self::Directory(path.into()),
        })
    }
}

impl ReportSettings {
    /// Reads the settings; `None` where no pages are kept.
    pub(crate) fn read(settings: &mut SettingsReader<'_>) -> Option<Self> {
        let keep = settings.days(&numbers::REPORT_DAYS);
        settings.text("RUNTASK_REPORTS")?;
        let place = settings.parsed("RUNTASK_REPORTS", ReportPlace::Memory);
        if let ReportPlace::Bucket(bucket) = &place
            && !is_bucket(bucket)
        {
            settings.problem("RUNTASK_REPORTS: after s3:// there is the name of a bucket, and nothing else");
        }
        let address = settings.text("BASE_PUBLIC_URL");
        if address.as_deref().is_some_and(|it| !is_address(it)) {
            settings.problem("BASE_PUBLIC_URL: write https:// and a host, perhaps with a path: it is how people reach the pages");
        }
        let address = address.map(|it| it.trim_end_matches('/').to_owned());
        Some(Self { place, address, keep })
    }
}

fn is_bucket(name: &str) -> bool {
    let proper = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || ".-".contains(it);
    !name.is_empty() && name.chars().all(proper)
}

/// Whether a link can begin with it.
fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let anonymous = url.username().is_empty() && url.password().is_none();
        let bare = url.query().is_none() && url.fragment().is_none();
        matches!(url.scheme(), "https" | "http") && url.has_host() && anonymous && bare
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<ReportSettings>, String> {
        let lookup =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let mut settings = SettingsReader::new(&lookup);
        let read = ReportSettings::read(&mut settings);
        settings.finish().map(|()| read).map_err(|error| error.to_string())
    }

    #[test]
    fn pages_are_kept_where_the_setting_says() {
        assert!(read(&[("BASE_PUBLIC_URL", "https://a.example.com")]).unwrap().is_none());
        for (text, place) in [
            ("memory", ReportPlace::Memory),
            ("/var/lib/runtask", ReportPlace::Directory("/var/lib/runtask".into())),
            ("s3://acme-reports/", ReportPlace::Bucket("acme-reports".to_owned())),
        ] {
            assert_eq!(read(&[("RUNTASK_REPORTS", text)]).unwrap().unwrap().place, place);
        }
        let all = read(&[
            ("RUNTASK_REPORTS", "memory"),
            ("BASE_PUBLIC_URL", "https://a.example.com/runtask/"),
            ("RUNTASK_REPORT_DAYS", "7"),
        ]);
        let all = all.unwrap().unwrap();
        assert_eq!(all.address.as_deref(), Some("https://a.example.com/runtask"));
        assert_eq!(all.keep, Duration::from_secs(7 * 86_400));
    }

    #[test]
    fn what_no_link_can_begin_with_is_told() {
        for address in
            ["a.example.com", "ftp://a", "https://user@a", "https://a?x", "https://a#x", "https://"]
        {
            let error = read(&[("RUNTASK_REPORTS", "memory"), ("BASE_PUBLIC_URL", address)]).unwrap_err();
            assert!(error.starts_with("BASE_PUBLIC_URL: write https://"), "{address}: {error}");
        }
        for place in ["s3://", "s3://a/b", "s3://A"] {
            let error = read(&[("RUNTASK_REPORTS", place)]).unwrap_err();
            assert!(error.starts_with("RUNTASK_REPORTS: after s3://"), "{place}: {error}");
        }
    }
}
