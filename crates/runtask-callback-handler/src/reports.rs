//! Makes the page of a result and keeps it, so that the result can link to it.

use crate::page_of_result::{Judged, KeepPage, Kept};
use futures_util::future::try_join_all;
use runtask_log::{Chain, event, metric};
use runtask_protocol::DetailsUrl;
use runtask_report::{Fact, Format, MAX_PAGE_BYTES, PageDetails, Style, page, render};
use runtask_report_handler::{PATH, Token};
use runtask_state::{ReportFile, ReportStore};
use runtask_tasks::{Date, RunFacts};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tracing::warn;

/// Keeps pages in a store, to be served by whoever serves `address`.
#[derive(Debug, Clone)]
pub struct Reports {
    store: Arc<dyn ReportStore>,
    address: String,
    keep: Duration,
}

impl Reports {
    /// `address` is how people reach what is served from `store`, without a slash at its end; each page is there for `keep`.
    #[must_use]
    pub fn new(store: Arc<dyn ReportStore>, address: impl Into<String>, keep: Duration) -> Self {
        Self { store, address: address.into(), keep }
    }

    async fn try_to_keep(&self, judged: Judged) -> Result<DetailsUrl, Box<dyn Error + Send + Sync>> {
        let token = Token::random().map_err(|_none| "there are no random numbers")?;
        let link = format!("{}{PATH}{}/", self.address, token.in_link());
        let link = DetailsUrl::new(&link).ok_or("BASE_PUBLIC_URL is too long for a link")?;
        let (at, until) = (judged.at, Date::of(judged.at + self.keep));
        let files = tokio::task::spawn_blocking(move || files(&judged, until)).await?;
        let put = |(file, content): (ReportFile, String)| {
            self.store.put(token.name(), file, content.into_bytes(), at)
        };
        try_join_all(files.downloads.into_iter().map(put)).await?;
        // Last, so that whoever finds it finds what it leads to.
        put((ReportFile::Page, files.page)).await?;
        Ok(link)
    }
}

impl KeepPage for Reports {
    fn keep(&self, judged: Judged) -> Kept<'_> {
        Box::pin(async move {
            match self.try_to_keep(judged).await {
                Ok(link) => Some(link),
                Err(error) => {
                    warn!(event = event::REPORT_NOT_KEPT, error = %Chain(&*error), "there is no page of this result");
                    metric::count("PagesFailed");
                    None
                }
            }
        })
    }
}

/// What is kept of a result.
struct Files {
    downloads: Vec<(ReportFile, String)>,
    page: String,
}

/// A download that could not be served is left out, and the page does not name it.
fn files(judged: &Judged, until: Date) -> Files {
    let Judged { reports, verdict, .. } = judged;
    let download = |file: ReportFile, format| {
        let content = render(format, reports, *verdict, Style::default());
        (content.len() <= MAX_PAGE_BYTES).then_some((file, content))
    };
    let json = download(ReportFile::Json, Format::Json);
    let sarif = download(ReportFile::Sarif, Format::Sarif);
    let made = Date::of(judged.at).to_string();
    let foot = format!(
        "Anyone with this address can read this until {until}. Treat it as you treat the plan, and pass it on with care."
    );
    let details = PageDetails {
        task: Some(&judged.task),
        facts: page_facts(&judged.run, judged.run_page.as_deref()),
        json: json.as_ref().map(|it| it.0.name()),
        sarif: sarif.as_ref().map(|it| it.0.name()),
        made: Some(&made),
        foot: vec![&foot],
    };
    let page = page(reports, *verdict, &details);
    Files { downloads: json.into_iter().chain(sarif).collect(), page }
}

/// What is known of a run, in the order of the page.
#[must_use]
pub fn page_facts<'a>(run: &'a RunFacts, run_page: Option<&'a str>) -> Vec<Fact<'a>> {
    let all = [
        ("Workspace", &run.workspace, None),
        ("Organization", &run.organization, None),
        ("Project", &run.project, None),
        ("Run", &run.id, run_page),
        ("Stage", &run.stage, None),
        ("Branch", &run.branch, None),
        ("By", &run.created_by, None),
        ("Message", &run.message, None),
    ];
    let known = |(name, value, link): (&'static str, &'a Option<String>, Option<&'a str>)| {
        value.as_deref().map(|value| Fact { name, value, link })
    };
    all.into_iter().filter_map(known).collect()
}
