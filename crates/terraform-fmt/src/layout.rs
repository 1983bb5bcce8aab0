//! Says how many spaces stand before each token.
//!
//! Structure is forgotten: kinds, brackets and lines decide.
//!
//! Source: part 5 of `SPECIFICATION.md`, tried on terraform 1.11.4.

mod alignment;
mod columns;
mod graphemes;
mod indentation;
mod line;
mod spacing;

use crate::kind::Kind;
use crate::token::{Source, Token};
use alignment::Alignment;
use columns::Columns;
use indentation::Indentation;
use line::Line;

/// Spaces before tokens; it keeps its memory from one file to the next.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// Of each token, the end of the file last.
    pub(crate) spaces: Vec<u32>,
    indentation: Indentation,
    alignment: Alignment,
}

impl Layout {
    /// Lays tokens out; the last of them is the end of the file, which keeps its `final_gap`.
    ///
    /// # Errors
    ///
    /// The place of a token whose width is in doubt.
    pub(crate) fn arrange(
        &mut self,
        tokens: &[Token],
        source: Source<'_>,
        final_gap: u32,
    ) -> Result<(), u32> {
        self.spaces.clear();
        self.spaces.resize(tokens.len(), 0);
        self.indentation.clear();
        self.alignment.clear();
        let mut columns = Columns::new(source);
        let mut start = 0;
        while tokens.get(start).is_some_and(|it| it.kind != Kind::End) {
            let line = Line::read(tokens, start);
            let (Some(line_tokens), Some(spaces)) =
                (tokens.get(start..line.end), self.spaces.get_mut(start..line.end))
            else {
                break;
            };
            spacing::space(line_tokens, source, line.cells(), spaces);
            if let Some(first) = spaces.first_mut() {
                *first = if line.is_empty { 0 } else { self.indentation.next(line.net) };
            }
            self.alignment.note(line, line_tokens, &mut self.spaces, &mut columns);
            start = line.end;
        }
        self.alignment.finish(&mut self.spaces);
        if let Some(last) = self.spaces.last_mut() {
            *last = final_gap;
        }
        columns.doubt.map_or(Ok(()), Err)
    }
}
