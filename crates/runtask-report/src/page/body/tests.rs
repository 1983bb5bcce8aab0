//! Reads what is written as a browser does.

use super::*;
use crate::page::browser::tags;
use html5ever::tokenizer::TagKind;
use proptest::prelude::*;

fn html(markdown: &str) -> String {
    let mut html = String::new();
    write(markdown, &mut html);
    html
}

/// The elements of `html`, which must be closed in the order in which they were opened, be on the list, and have the
/// attributes on the list.
fn elements(html: &str) -> Vec<String> {
    const ELEMENTS: [&str; 24] = [
        "p",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "ul",
        "ol",
        "li",
        "pre",
        "code",
        "span",
        "div",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "em",
        "strong",
        "del",
        "a",
        "br",
        "hr",
    ];
    let (mut open, mut all) = (Vec::new(), Vec::new());
    for tag in tags(html) {
        let name = tag.name.to_string();
        assert!(ELEMENTS.contains(&name.as_str()), "{name} in {html}");
        for attribute in &tag.attrs {
            let value = attribute.value.to_string();
            let is_right = match (name.as_str(), &*attribute.name.local) {
                ("a", "href") => ["https://", "http://", "mailto:"]
                    .iter()
                    .any(|it| value.to_ascii_lowercase().starts_with(it)),
                ("a", "rel") => value == LINK_RELATION,
                ("th", "scope") => value == "col",
                (_, "class") => {
                    ["diff", "file", "hunk", "plus", "minus", "scroll", "right"].contains(&&*value)
                }
                _ => false,
            };
            assert!(is_right, "{attribute:?} in {html}");
        }
        match tag.kind {
            TagKind::StartTag if ["br", "hr"].contains(&name.as_str()) => {}
            TagKind::StartTag => {
                assert!(!(name == "a" && open.contains(&name)), "a link in a link: {html}");
                open.push(name.clone());
                all.push(name);
            }
            TagKind::EndTag => assert_eq!(open.pop(), Some(name), "{html}"),
        }
    }
    assert!(open.is_empty(), "{open:?} stay open in {html}");
    all
}

/// The document as a reader sees it, by the tokenizer alone.
fn check(markdown: &str, expected: &str) {
    let html = html(markdown);
    elements(&html);
    assert_eq!(html, expected);
}

#[test]
fn markdown_of_checks_becomes_html() {
    check(
        "Run `terraform fmt`.\n\n- a\n- *b*\n",
        "<p>Run <code>terraform fmt</code>.</p><ul><li>a</li><li><em>b</em></li></ul>",
    );
    check(
        "| A | B |\n| --- | ---: |\n| `x` | 2 |\n",
        "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">A</th><th scope=\"col\" class=\"right\">B</th></tr></thead>\
         <tbody><tr><td><code>x</code></td><td class=\"right\">2</td></tr></tbody></table></div>",
    );
    check("# a\n### b\n", "<h4>a</h4><h6>b</h6>");
    check("1. a\n\n   > b\n", "<ol><li><p>a</p><blockquote><p>b</p></blockquote></li></ol>");
}

#[test]
fn lines_of_a_diff_are_told_apart() {
    check(
        "```diff\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n a\n-b<\n+c\n```\n",
        "<pre class=\"diff\"><code><span class=\"file\">--- a/x</span>\n<span class=\"file\">+++ b/x</span>\n\
         <span class=\"hunk\">@@ -1 +1 @@</span>\n a\n<span class=\"minus\">-b&lt;</span>\n<span class=\"plus\">+c</span>\n</code></pre>",
    );
    check("```hcl\n+ a\n```\n", "<pre><code>+ a\n</code></pre>");
}

#[test]
fn what_is_html_already_is_text() {
    check("a <b onclick=x>c</b>", "<p>a &lt;b onclick=x&gt;c&lt;/b&gt;</p>");
    check("<script>alert(1)</script>\n", "<p>&lt;script&gt;alert(1)&lt;/script&gt;\n</p>");
    check("&lt;img src=x&gt; &#60;b&#62;", "<p>&lt;img src=x&gt; &lt;b&gt;</p>");
    check("\u{202e}a\u{0}\u{1b}[1m", "<p>\\u{202e}a\\0\\u{1b}[1m</p>");
}

#[test]
fn links_lead_to_the_web_or_nowhere() {
    let link = |to: &str, text: &str| format!("<p><a href=\"{to}\" rel=\"{LINK_RELATION}\">{text}</a></p>");
    check("[a](https://b.example/?c&d)", &link("https://b.example/?c&amp;d", "a"));
    check("[a](HTTPS://b.example)", &link("HTTPS://b.example", "a"));
    check("<mailto:a@b.example>", &link("mailto:a@b.example", "mailto:a@b.example"));
    for to in [
        "javascript:alert(1)",
        "JaVaScRiPt&colon;alert(1)",
        "data:text/html,x",
        "//b.example",
        "/b",
        "#b",
        "https:b",
        "https://",
        "vbscript:x",
    ] {
        check(&format!("[a]({to})"), "<p>a</p>");
    }
    check("![a](https://b.example/c.png)", "<p>a</p>");
    check("[![a](b)](https://c.example)", &link("https://c.example", "a"));
}

/// A rule's author writes where to read on as it is; checks write addresses of strangers as code.
#[test]
fn an_address_in_prose_is_a_link() {
    check(
        "More: https://a.example/b_c_d, (https://e.example).",
        &format!(
            "<p>More: <a href=\"https://a.example/b_c_d\" rel=\"{LINK_RELATION}\">https://a.example/b_c_d</a>, \
             (<a href=\"https://e.example\" rel=\"{LINK_RELATION}\">https://e.example</a>).</p>"
        ),
    );
    check(
        "`https://a.example` xhttps://b https://",
        "<p><code>https://a.example</code> xhttps://b https://</p>",
    );
    check(
        "[see https://a.example](https://b.example)",
        &format!("<p><a href=\"https://b.example\" rel=\"{LINK_RELATION}\">see https://a.example</a></p>"),
    );
}

#[test]
fn depth_and_length_are_bounded() {
    let deep = html(&format!("{}a", ">".repeat(5000)));
    assert_eq!(elements(&deep).iter().filter(|it| *it == "blockquote").count(), DEPTH);
    let list: String = (0..100).map(|it| format!("{}- a\n", "  ".repeat(it))).collect();
    assert_eq!(elements(&html(&list)).iter().filter(|it| *it == "ul").count(), DEPTH);
    let long = html(&"&".repeat(1_000_000));
    assert!(long.len() < 6 * CHARACTERS, "{}", long.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_markdown_becomes_more_than_the_list_of_elements(
        markdown in r#"(\[|\]|\(|\)|!|<|>|javascript:|https://a|mailto:b|"|'|&|&lt;|&#x3c;|script|`{1,4}|~~~|diff|\n|\n\n| |    |\||--|- |1\. |> |#|\*|_|\\|~~|<b x=|</pre>|<!--|-->|\]\]>|\u{0}|\u{202e}|x){0,60}"#
    ) {
        elements(&html(&markdown));
    }

    #[test]
    fn nor_does_any_text(markdown in any::<String>()) {
        elements(&html(&markdown));
    }
}
