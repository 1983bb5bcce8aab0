use super::*;
use runtask_findings::Verdict;
use runtask_report::{PageDetails, page};
use runtask_state::{MemoryReports, ReportAnswer, ReportName, ReportStoreError};
use std::time::{Duration, UNIX_EPOCH};

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

/// Pages with one report, and its token.
async fn pages() -> (Pages, Token) {
    let store = MemoryReports::new(Duration::from_secs(86_400), 1 << 20);
    let token = Token::random().unwrap();
    let page = page(&[], Verdict::Passed, &PageDetails::default());
    store.put(token.name(), ReportFile::Page, page.into_bytes(), now()).await.unwrap();
    store.put(token.name(), ReportFile::Json, b"{}".to_vec(), now()).await.unwrap();
    (Pages::new(Arc::new(store), now), token)
}

fn header<'a>(answer: &'a Response<Bytes>, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |it| it.to_str().unwrap())
}

///
#[tokio::test]
async fn a_page_is_served_with_a_policy_that_allows_its_style_sheet_and_nothing_else() {
    let (pages, token) = pages().await;
    let answer = pages.answer(&Method::GET, &format!("{PATH}{}/", token.in_link())).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.body().starts_with(b"<!DOCTYPE html>"));
    assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(&answer, "content-security-policy"), runtask_report::CONTENT_SECURITY_POLICY);
    for (name, value) in HEADERS {
        assert_eq!(header(&answer, name.as_str()), value);
    }
    // What was made by a release with another style sheet keeps that.
    let before = found(ReportFile::Page, b"<style>p{}</style>".to_vec());
    let hash = format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest("p{}")));
    assert!(header(&before, "content-security-policy").contains(&hash));
}

#[tokio::test]
async fn downloads_are_saved_and_not_shown() {
    let (pages, token) = pages().await;
    let answer = pages.answer(&Method::GET, &format!("{PATH}{}/report.json", token.in_link())).await;
    assert_eq!((answer.status(), &answer.body()[..]), (StatusCode::OK, &b"{}"[..]));
    assert_eq!(header(&answer, "content-disposition"), "attachment; filename=\"report.json\"");
    assert_eq!(header(&answer, "content-security-policy"), NOTHING_ALLOWED);
}

#[tokio::test]
async fn every_wrong_link_has_the_same_answer() {
    let (pages, token) = pages().await;
    let other = Token::random().unwrap().in_link();
    let token = token.in_link();
    for path in [
        PATH.to_owned(),
        format!("{PATH}{other}/"),
        format!("{PATH}{other}/report.json"),
        format!("{PATH}{token}/report.sarif"),
        format!("{PATH}{token}/index.html"),
        format!("{PATH}{token}//"),
        format!("{PATH}{}/", token.to_lowercase()),
        format!("{PATH}{token}=/"),
        format!("{PATH}../../etc/passwd"),
        format!("{PATH}{}/", "A".repeat(10_000)),
    ] {
        let answer = pages.answer(&Method::GET, &path).await;
        assert_eq!((answer.status(), &answer.body()[..]), (StatusCode::NOT_FOUND, GONE.as_bytes()), "{path}");
        assert_eq!(header(&answer, "content-security-policy"), NOTHING_ALLOWED);
    }
    let answer = pages.answer(&Method::GET, &format!("{PATH}{token}")).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "location")), (308, &*format!("{token}/")));
}

#[tokio::test]
async fn reports_are_read_and_nothing_else() {
    let (pages, token) = pages().await;
    let path = format!("{PATH}{}/", token.in_link());
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let answer = pages.answer(&method, &path).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "allow")), (405, "GET, HEAD"), "{method}");
    }
    let (whole, head) = (pages.answer(&Method::GET, &path).await, pages.answer(&Method::HEAD, &path).await);
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(header(&head, "content-length"), whole.body().len().to_string());
    assert!(head.body().is_empty());
}

/// Answers nothing.
#[derive(Debug)]
struct Down;

impl ReportStore for Down {
    fn put(&self, _: ReportName, _: ReportFile, _: Vec<u8>, _: SystemTime) -> ReportAnswer<'_, ()> {
        Box::pin(std::future::ready(Err(ReportStoreError("it is down".into()))))
    }

    fn get(&self, _: ReportName, _: ReportFile, _: SystemTime) -> ReportAnswer<'_, Option<Vec<u8>>> {
        Box::pin(std::future::ready(Err(ReportStoreError("it is down".into()))))
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_no_missing_report() {
    let pages = Pages::new(Arc::new(Down), now);
    let token = Token::random().unwrap().in_link();
    let answer = pages.answer(&Method::GET, &format!("{PATH}{token}/")).await;
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (503, NOT_NOW.as_bytes()));
}
