//! Makes HTML of Markdown that nobody vouches for.
//!
//! The parser's events are written by hand: the tags that can come out are those in [`Writer::start`], links have an address of the
//! Web or of mail, and everything else is text. HTML in Markdown is text, pictures are their descriptions.

use maud::Escaper;
use pulldown_cmark::{Alignment, CodeBlockKind, Event, Options, Parser, Tag, TagEnd, TextMergeStream};
use runtask_findings::{printable_lines, shortened};
use std::fmt::Write as _;

/// Characters of a body that are read; HCP Terraform shows as many.
const CHARACTERS: usize = 10_000;
/// How deep quotes and lists may stand in each other. What is deeper is on the level above.
const DEPTH: usize = 8;

/// The relation of every link that leads away: where it leads learns nothing of this page.
pub(super) const LINK_RELATION: &str = "noreferrer noopener nofollow";

/// Writes `markdown` as HTML behind `html`.
pub(super) fn write(markdown: &str, html: &mut String) {
    let markdown = shortened(markdown, CHARACTERS);
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut writer = Writer {
        html,
        open: Vec::new(),
        depth: 0,
        is_linked: false,
        code: None,
        columns: Vec::new(),
        column: 0,
    };
    for event in TextMergeStream::new(Parser::new_ext(&markdown, options)) {
        writer.event(event);
    }
}

struct Writer<'a> {
    html: &'a mut String,
    /// For every element of the Markdown that is open, what ends it.
    open: Vec<&'static str>,
    /// Open quotes and lists.
    depth: usize,
    /// Whether a link is open: in it, no other can be.
    is_linked: bool,
    /// Inside a code block, whether it is a diff.
    code: Option<bool>,
    /// How the columns of the open table are aligned, and the place of the open cell.
    columns: Vec<Alignment>,
    column: usize,
}

impl Writer<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => {
                let end = self.start(tag);
                self.open.push(end);
            }
            Event::End(end) => {
                let html = self.open.pop().unwrap_or_default();
                self.html.push_str(html);
                self.end(end);
            }
            Event::Text(text) => match self.code {
                Some(true) => self.diff(&text),
                Some(false) => self.text(&text),
                None if self.is_linked => self.text(&text),
                None => self.prose(&text),
            },
            Event::Code(text) => {
                self.html.push_str("<code>");
                self.text(&text);
                self.html.push_str("</code>");
            }
            Event::SoftBreak => self.html.push('\n'),
            Event::HardBreak => self.html.push_str("<br>"),
            Event::Rule => self.html.push_str("<hr>"),
            // The others are of extensions that are off.
            Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.text(&text),
            Event::TaskListMarker(_) => {}
        }
    }

    /// Begins an element, and returns what ends it.
    fn start(&mut self, tag: Tag<'_>) -> &'static str {
        let (begin, end) = match tag {
            Tag::Paragraph | Tag::HtmlBlock => ("<p>", "</p>"),
            // Above these are the headings of the page.
            Tag::Heading { level, .. } => match level as usize {
                1 => ("<h4>", "</h4>"),
                2 => ("<h5>", "</h5>"),
                _ => ("<h6>", "</h6>"),
            },
            Tag::BlockQuote(_) => self.nested("<blockquote>", "</blockquote>"),
            Tag::List(None) => self.nested("<ul>", "</ul>"),
            Tag::List(Some(_)) => self.nested("<ol>", "</ol>"),
            Tag::Item if self.depth <= DEPTH => ("<li>", "</li>"),
            Tag::Item => ("", "<br>"),
            Tag::CodeBlock(kind) => {
                let is_diff =
                    matches!(&kind, CodeBlockKind::Fenced(it) if it.split(' ').next() == Some("diff"));
                self.code = Some(is_diff);
                (if is_diff { "<pre class=\"diff\"><code>" } else { "<pre><code>" }, "</code></pre>")
            }
            Tag::Table(columns) => {
                self.columns = columns;
                ("<div class=\"scroll\"><table>", "</tbody></table></div>")
            }
            Tag::TableHead => {
                self.column = 0;
                ("<thead><tr>", "</tr></thead><tbody>")
            }
            Tag::TableRow => {
                self.column = 0;
                ("<tr>", "</tr>")
            }
            Tag::TableCell => self.cell(),
            Tag::Emphasis => ("<em>", "</em>"),
            Tag::Strong => ("<strong>", "</strong>"),
            Tag::Strikethrough => ("<del>", "</del>"),
            Tag::Link { dest_url, .. } if !self.is_linked && is_address(&dest_url) => {
                self.is_linked = true;
                self.link(&dest_url);
                ("", "</a>")
            }
            Tag::Link { .. }
            | Tag::Image { .. }
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => ("", ""),
        };
        self.html.push_str(begin);
        end
    }

    fn end(&mut self, end: TagEnd) {
        match end {
            TagEnd::BlockQuote(_) | TagEnd::List(_) => self.depth = self.depth.saturating_sub(1),
            TagEnd::CodeBlock => self.code = None,
            TagEnd::TableCell => self.column += 1,
            // A link inside of a link has written nothing, and leaves it open.
            TagEnd::Link => self.is_linked = self.open.contains(&"</a>"),
            _ => {}
        }
    }

    fn nested(&mut self, begin: &'static str, end: &'static str) -> (&'static str, &'static str) {
        self.depth += 1;
        if self.depth <= DEPTH { (begin, end) } else { ("", "") }
    }

    fn cell(&self) -> (&'static str, &'static str) {
        let is_head = self.open.last() == Some(&"</tr></thead><tbody>");
        let is_number = self.columns.get(self.column) == Some(&Alignment::Right);
        match (is_head, is_number) {
            (true, false) => ("<th scope=\"col\">", "</th>"),
            (true, true) => ("<th scope=\"col\" class=\"right\">", "</th>"),
            (false, false) => ("<td>", "</td>"),
            (false, true) => ("<td class=\"right\">", "</td>"),
        }
    }

    fn link(&mut self, address: &str) {
        self.html.push_str("<a href=\"");
        self.text(address);
        self.html.push_str("\" rel=\"");
        self.html.push_str(LINK_RELATION);
        self.html.push_str("\">");
    }

    /// Text in which addresses of the Web are links. Checks write those of strangers as code.
    fn prose(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find("https://") {
            let (before, address) = rest.split_at(at);
            let ends = |it: char| it.is_whitespace() || it.is_control() || "<>\"'`".contains(it);
            let address = address.split(ends).next().unwrap_or_default();
            let address = address.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']']);
            self.text(before);
            let continues = before.ends_with(|it: char| it.is_alphanumeric());
            if is_address(address) && !continues {
                self.link(address);
                self.text(address);
                self.html.push_str("</a>");
            } else {
                self.text(address);
            }
            rest = rest.get(at + address.len()..).unwrap_or_default();
        }
        self.text(rest);
    }

    /// The lines of a diff, each with a class where it is not of both files.
    fn diff(&mut self, text: &str) {
        for line in text.split_inclusive('\n') {
            let class = match line.as_bytes() {
                [b'+', b'+', b'+', b' ', ..] | [b'-', b'-', b'-', b' ', ..] => "file",
                [b'@', b'@', ..] => "hunk",
                [b'+', ..] => "plus",
                [b'-', ..] => "minus",
                _ => {
                    self.text(line);
                    continue;
                }
            };
            let (line, end) = line.strip_suffix('\n').map_or((line, ""), |it| (it, "\n"));
            self.html.push_str("<span class=\"");
            self.html.push_str(class);
            self.html.push_str("\">");
            self.text(line);
            self.html.push_str("</span>");
            self.html.push_str(end);
        }
    }

    fn text(&mut self, text: &str) {
        let _infallible = Escaper::new(self.html).write_str(&printable_lines(text));
    }
}

/// Whether a link may lead there: an absolute address of the Web, or one for mail.
fn is_address(address: &str) -> bool {
    let is_plain = address.chars().all(|it| !it.is_control() && !it.is_whitespace());
    let behind = |scheme: &str| {
        let (start, rest) = address.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let names_something = |it: &str| it.starts_with(|it: char| it.is_alphanumeric() || it == '[');
    is_plain && ["https://", "http://", "mailto:"].iter().filter_map(|it| behind(it)).any(names_something)
}

#[cfg(test)]
mod tests;
