//! Tests the browser that other tests look at pages with: it must see what is wrong.

use runtask_tests::browser::Browser;
use runtask_tests::browser::page::{Key, Medium};

const PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Browser</title>
<style>p { color: black } @media (prefers-color-scheme: dark) { p { color: white } } @media print { p { display: none } }
@media (width < 500px) { h1 { display: none } }</style>
<h1>Title</h1><p>Hello</p><form action=\"/next\"><input name=\"who\" autofocus> <button>Go</button></form>";

/// A site with one page, the answer to its form, and a page whose script is against its own policy.
async fn site() -> String {
    use axum::response::Html;
    use axum::routing::get;

    let policy = [("content-security-policy", "default-src 'none'")];
    let router = axum::Router::new()
        .route("/", get(|| async { Html(PAGE) }))
        // Browsers ask for it.
        .route("/favicon.ico", get(|| async {}))
        .route(
            "/next",
            get(|uri: axum::http::Uri| async move { Html(format!("<p>{}</p>", uri.query().unwrap_or(""))) }),
        )
        .route("/script", get(move || async move { (policy, Html("<script>1</script>")) }));
    let router = router.fallback((axum::http::StatusCode::NOT_FOUND, "nothing here"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test]
async fn a_browser_types_clicks_and_tells_what_it_saw() {
    let site = site().await;
    let mut browser = Browser::start().await;
    let mut page = browser.page().await;

    assert_eq!(page.open(&site).await, 200);
    assert_eq!(page.text("p").await, "Hello");
    assert_eq!(page.visible("h1").await, 1);
    page.type_text("ada").await;
    page.press(Key::Tab).await;
    assert_eq!(page.evaluate("document.activeElement.tagName").await, "BUTTON");
    page.follow("button").await;
    assert_eq!(page.text("p").await, "who=ada");
    assert_eq!(page.console().await, Vec::<String>::new());

    assert_eq!(page.open(&format!("{site}/script")).await, 200);
    assert!(page.console().await[0].contains("Content Security Policy"), "a broken policy is told");
    assert_eq!(page.open(&format!("{site}/nowhere")).await, 404);
}

#[tokio::test]
async fn a_page_is_seen_in_every_medium() {
    let site = site().await;
    let mut browser = Browser::start().await;
    let mut page = browser.page().await;
    page.open(&site).await;
    let color = "getComputedStyle(document.querySelector('p')).color";

    assert_eq!(page.evaluate(color).await, "rgb(0, 0, 0)");
    page.set_medium(Medium::Dark).await;
    assert_eq!(page.evaluate(color).await, "rgb(255, 255, 255)");
    page.set_medium(Medium::Print).await;
    assert_eq!(page.visible("p").await, 0);
    page.set_medium(Medium::Light).await;
    page.set_size(400, 800).await;
    assert_eq!(page.visible("h1").await, 0);
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("page.png");
    page.screenshot(&picture).await;
    assert!(std::fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
    assert!(page.print().await.starts_with(b"%PDF"));
}
