//! Tests the pages behind the links of results, in a real browser where a person would use one.

use std::path::Path;
use std::time::{Duration, SystemTime};

use runtask_aws::{BucketReports, sdk_config};
use runtask_log::event;
use runtask_protocol::Stage;
use runtask_simulator::{Configuration, Record, RunSpec};
use runtask_state::contract;
use runtask_tests::aws;
use runtask_tests::browser::Browser;
use runtask_tests::browser::page::{Key, Medium, Page};
use runtask_tests::http::send;
use runtask_tests::moto::Moto;

use crate::run::{configuration, result, run, serve, simulator, spec, unformatted};

const DAY: Duration = Duration::from_secs(86_400);

/// A run that needs no terraform.
const NATIVE: (&str, &str) = ("RUNTASK_FMT_ENGINE", "native");

/// The link of a result, and those of its outcomes.
fn links(record: &Record) -> (String, Vec<String>) {
    let outcomes = record.result.outcomes.iter().map(|it| it.url.clone().unwrap_or_default());
    (record.result.url.clone().unwrap_or_default(), outcomes.collect())
}

/// each result has a link of its own, which opens its page; each outcome leads to its place on it; nothing of it is left
/// once the page is deleted.
#[tokio::test]
async fn the_link_of_a_result_opens_its_page_until_that_is_withdrawn() {
    let simulator = simulator().await;
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("reports");
    let settings = [NATIVE, ("RUNTASK_REPORTS", directory.to_str().unwrap())];
    let serve = serve(&simulator, &settings).await;
    let record = run(&simulator, &serve.url(), spec(unformatted())).await;
    assert_eq!(result(&record).0, "failed");
    let (link, outcomes) = links(&record);
    assert!(link.starts_with(&format!("{}-/r/", serve.url())), "{link}");
    assert_eq!(outcomes, [format!("{link}#finding-1"), format!("{link}#finding-2")]);
    let token = link.trim_end_matches('/').rsplit_once('/').unwrap().1.to_owned();
    serve.keeps_secret(&token);

    let page = send("GET", &link, &[], "").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    for part in ["id=\"finding-1\"", "simulated-workspace", "Anyone with this address can read this until "] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains(&token) && !text.contains(".atlasv1."), "nothing on it opens anything");
    let report = send("GET", &format!("{link}report.json"), &[], "").await.json();
    assert_eq!(report["verdict"], "failed", "{report}");
    let sarif = send("GET", &format!("{link}report.sarif"), &[], "").await.json();
    assert_eq!(sarif["version"], "2.1.0");

    let other = links(&run(&simulator, &serve.url(), spec(unformatted())).await).0;
    assert_ne!(other, link);
    let name = name_of(&token);
    std::fs::remove_dir_all(directory.join(&name)).unwrap();
    assert_eq!(send("GET", &link, &[], "").await.status, 404);
    assert_eq!(send("GET", &other, &[], "").await.status, 200);
}

/// As documented: `printf %s TOKEN | sha256sum`.
fn name_of(token: &str) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(token))
}

/// A result is whole without its page.
#[tokio::test]
async fn a_page_that_cannot_be_kept_costs_the_result_nothing_but_its_link() {
    let simulator = simulator().await;
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("reports");
    let settings = [NATIVE, ("RUNTASK_REPORTS", directory.to_str().unwrap())];
    let serve = serve(&simulator, &settings).await;
    // What was a directory when it started is none any more.
    std::fs::remove_dir_all(&directory).unwrap();
    std::fs::write(&directory, "").unwrap();
    let record = run(&simulator, &serve.url(), spec(unformatted())).await;
    assert_eq!(result(&record).1, "2 of 3 files need formatting: main.tf, modules/net/main.tf");
    assert_eq!(links(&record), (String::new(), vec![String::new(); 2]));
    serve.wait_for_event(event::REPORT_NOT_KEPT).await;
}

#[tokio::test]
async fn without_the_setting_there_are_no_pages() {
    let simulator = simulator().await;
    let serve = serve(&simulator, &[NATIVE]).await;
    let record = run(&simulator, &serve.url(), spec(unformatted())).await;
    assert_eq!(links(&record), (String::new(), vec![String::new(); 2]));
    assert_eq!(send("GET", &format!("{}-/r/{}/", serve.url(), "A".repeat(27)), &[], "").await.status, 404);
}

/// Texts of strangers, some of which would like to be more.
fn hostile() -> Configuration {
    configuration(&[
        (
            "main.tf",
            "locals {\n  a = 1\n  bcd = \"</code><script>alert(1)</script><img src=http://127.0.0.1:9/x>\"\n}\n",
        ),
        ("<b onclick=alert(1)>.tf", "locals {\na = 1\n}\n"),
        ("broken.tf", "locals {\n  a = \n}\n"),
        ("prod.tfvars", "password   = \"hunter2\"\n"),
    ])
}

/// no console message in any medium, nothing asked for besides the page, no sideways scrolling on a phone, and the
/// keyboard reaches everything.
#[tokio::test]
async fn a_page_works_in_a_browser_without_a_mouse_a_script_or_a_message() {
    let simulator = simulator().await;
    let settings = [NATIVE, ("RUNTASK_REPORTS", "memory"), ("RUNTASK_CHECKS", "fmt,plan-summary")];
    let serve = serve(&simulator, &settings).await;
    // There is no plan yet, which is good to know: so there are two kinds of findings to choose from.
    let spec = RunSpec { stage: Stage::PrePlan, ..spec(hostile()) };
    let record = run(&simulator, &serve.url(), spec).await;
    let (link, outcomes) = links(&record);
    let mut browser = Browser::start().await;
    let mut page = browser.page().await;
    assert_eq!(page.open(&link).await, 200);
    assert!(page.evaluate("document.title").await.as_str().unwrap().starts_with("Failed: "));
    assert_eq!(page.evaluate("document.scripts.length + document.images.length").await, 0);

    for (medium, name) in [(Medium::Light, "light"), (Medium::Dark, "dark"), (Medium::Print, "print")] {
        page.set_medium(medium).await;
        look(&mut page, name).await;
    }
    let hidden = "[...document.querySelectorAll('details')].some(it => it.querySelector('.body, .scroll')?.offsetHeight === 0)";
    assert_eq!(page.evaluate(hidden).await, false, "in print everything is unfolded");
    page.set_medium(Medium::Light).await;
    page.set_size(400, 800).await;
    look(&mut page, "phone").await;
    assert_eq!(
        page.evaluate("document.documentElement.scrollWidth <= 400").await,
        true,
        "nothing sticks out"
    );
    page.set_size(1280, 800).await;

    reached_by_keyboard(&mut page).await;
    assert_eq!(page.console().await, [""; 0]);
    let own = |it: &String| it.starts_with(&link) || it.starts_with("data:");
    let requests = page.requests().await;
    assert!(requests.iter().all(own), "{requests:?}");

    // The place of an outcome is opened and in sight.
    for outcome in &outcomes {
        let mut page = browser.page().await;
        page.open(outcome).await;
        let target = "(() => { const it = document.querySelector(':target').getBoundingClientRect();
                       return it.height > 0 && it.top >= 0 && it.top < innerHeight; })()";
        assert_eq!(page.evaluate(target).await, true, "{outcome}");
    }
}

/// Keeps a picture where somebody has asked for it.
#[expect(clippy::disallowed_methods, reason = "a person says where to keep pictures")]
async fn look(page: &mut Page, name: &str) {
    if let Some(folder) = std::env::var_os("TEST_PICTURES") {
        page.screenshot(&Path::new(&folder).join(format!("report-{name}.png"))).await;
    }
}

/// Tab comes by every link, fold and choice, and shows where it is; arrows choose, Enter folds.
async fn reached_by_keyboard(page: &mut Page) {
    let all = "[...document.querySelectorAll('a[href], summary, input:checked')].filter(it => it.checkVisibility()).length";
    let all = page.evaluate(all).await.as_u64().unwrap();
    page.evaluate("window.seen = new Set(); document.activeElement.blur()").await;
    for _ in 0..=all {
        page.press(Key::Tab).await;
        let place = page
            .evaluate(
                "(() => { const it = document.activeElement; if (it !== document.body) seen.add(it);
            const shown = it.matches('input') ? document.querySelector(`label[for=${it.id}]`) : it;
            return getComputedStyle(shown).outlineStyle; })()",
            )
            .await;
        assert!(
            place == "auto"
                || place == "solid"
                || page.evaluate("document.activeElement === document.body").await == true
        );
    }
    assert_eq!(page.evaluate("seen.size").await.as_u64(), Some(all), "Tab comes by everything");

    page.evaluate("document.querySelector('#show-all').focus()").await;
    let everything = page.visible("main .findings > li").await;
    page.press(Key::Right).await;
    let chosen = page.visible("main .findings > li").await;
    assert!(0 < chosen && chosen < everything, "{chosen} of {everything}");
    page.press(Key::Left).await;
    assert_eq!(page.visible("main .findings > li").await, everything);

    page.evaluate("document.querySelector('details[open] > summary').focus()").await;
    page.press(Key::Enter).await;
    assert_eq!(page.evaluate("document.activeElement.parentElement.open").await, false);
    page.press(Key::Space).await;
    assert_eq!(page.evaluate("document.activeElement.parentElement.open").await, true);
}

/// The bucket keeps what the other stores keep. Times are S3's own.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "S3 notes by the clock when something was kept")]
async fn a_bucket_keeps_the_contract() {
    let moto = Moto::start().await;
    aws::put_object(moto.endpoint(), "example-reports", "something-else", "").await;
    let config = sdk_config(|name| match name {
        "AWS_REGION" => Some("eu-central-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("example".to_owned()),
        _ => None,
    });
    let config = config.into_builder().endpoint_url(moto.endpoint()).build();
    let reports = |bucket: &str| {
        let config = config.clone();
        BucketReports::new(move || config, bucket.to_owned(), DAY, Duration::from_secs(30))
    };
    contract::reports::check(&reports("example-reports"), DAY, SystemTime::now()).await;
    let nowhere = reports("another-bucket");
    let name = runtask_state::ReportName::of_hash([1; 32]);
    let read =
        runtask_state::ReportStore::get(&nowhere, name, runtask_state::ReportFile::Page, SystemTime::now());
    assert!(read.await.is_err(), "a bucket that is not there is no missing page");
}
