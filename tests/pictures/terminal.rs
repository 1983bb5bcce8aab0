//! Shows as a page what a program wrote to a terminal.

/// A page with a terminal's window in which `command` was typed and `output` came. Of the escape sequences, those that
/// choose colours and weight are followed, the others left out.
pub(crate) fn page(command: &str, output: &str) -> String {
    let (command, output) = (escaped(command), spans(output.trim_end()));
    format!(
        r#"<!doctype html>
<meta charset="utf-8">
<style>
  body {{ margin: 0; padding: 20px; background: #fff }}
  pre {{ margin: 0; padding: 16px 20px; border: 1px solid #d0d7de; border-radius: 8px; background: #f6f8fa; color: #1f2328;
    font: 14px/1.45 "DejaVu Sans Mono", ui-monospace, monospace; white-space: pre-wrap }}
  .b {{ font-weight: bold }} .d {{ opacity: .65 }} .u {{ text-decoration: underline }}
  .c31 {{ color: #b42318 }} .c32 {{ color: #1a7f37 }} .c33 {{ color: #8a6100 }} .c34 {{ color: #0a58ca }} .c35 {{ color: #8250df }} .c36 {{ color: #0b7285 }} .c90 {{ color: #6e7781 }}
  @media (prefers-color-scheme: dark) {{
    body {{ background: #0d1117 }}
    pre {{ border-color: #30363d; background: #161b22; color: #e6edf3 }}
    .c31 {{ color: #ff7b72 }} .c32 {{ color: #56d364 }} .c33 {{ color: #e3b341 }} .c34 {{ color: #79c0ff }} .c35 {{ color: #d2a8ff }} .c36 {{ color: #56d4dd }} .c90 {{ color: #8b949e }}
  }}
</style>
<pre><span class="d">$ {command}</span>
{output}</pre>
"#
    )
}

/// Text with its colours as elements.
fn spans(text: &str) -> String {
    let mut page = String::new();
    let mut classes: Vec<String> = Vec::new();
    let mut parts = text.split("\u{1b}[");
    page.push_str(&escaped(parts.next().unwrap_or_default()));
    for part in parts {
        let end = part.find(|it: char| it.is_ascii_alphabetic()).unwrap_or(part.len());
        let (codes, rest) = part.split_at(end);
        if let Some(rest) = rest.strip_prefix('m') {
            for code in codes.split(';') {
                match code {
                    "" | "0" => classes.clear(),
                    "1" => classes.push("b".to_owned()),
                    "2" => classes.push("d".to_owned()),
                    "4" => classes.push("u".to_owned()),
                    colour => classes.push(format!("c{colour}")),
                }
            }
            let (classes, text) = (classes.join(" "), escaped(rest));
            page.push_str(&format!("<span class=\"{classes}\">{text}</span>"));
        } else {
            page.push_str(&escaped(rest.get(1..).unwrap_or_default()));
        }
    }
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
