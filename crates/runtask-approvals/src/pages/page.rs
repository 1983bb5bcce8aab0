//! What all pages have around them.

use maud::{DOCTYPE, Markup, html};

/// The style of all pages, and where it is.
pub(super) const STYLE: &str = include_str!("style.css");
pub(super) const STYLE_PATH: &str = "/-/style.css";

/// A page with a title.
pub(super) fn page(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="stylesheet" href=(STYLE_PATH);
            }
            body { main { (body) } }
        }
    }
}
