//! Moves `=` and comments of lines that follow each other to one column.

use super::columns::Columns;
use super::line::Line;
use crate::token::Token;
use crate::work;

/// The chains of lines whose cells are aligned.
#[derive(Debug, Default)]
pub(super) struct Alignment {
    /// The chain of `=` that is open, and the width before each.
    assigns: Vec<(usize, u32)>,
    /// All lines with comments; they wait until all `=` are aligned.
    comments: Vec<Comment>,
    is_in_chain: bool,
}

/// A comment at the end of a line.
#[derive(Debug, Clone, Copy)]
struct Comment {
    token: usize,
    /// What stands before it, without the spaces before `=`.
    width: u32,
    assign: Option<usize>,
    begins_chain: bool,
}

impl Alignment {
    pub(super) fn clear(&mut self) {
        self.assigns.clear();
        self.comments.clear();
        self.is_in_chain = false;
    }

    /// Takes a line along whose spaces are set but for those before its cells.
    pub(super) fn note(
        &mut self,
        line: Line,
        tokens: &[Token],
        spaces: &mut [u32],
        columns: &mut Columns<'_>,
    ) {
        let mut width = 0;
        let lead_end = line.assign.or(line.comment).unwrap_or(line.start);
        if lead_end > line.start {
            let lead = spaces.get(line.start..lead_end).unwrap_or_default();
            width = columns.width(tokens, lead);
        }
        match line.assign {
            Some(assign) => self.assigns.push((assign, width)),
            None => self.align_assigns(spaces),
        }
        let Some(comment) = line.comment else {
            self.is_in_chain = false;
            return;
        };
        if let Some(assign) = line.assign {
            // The spaces before `=` are not known yet: it counts for 1, as its own width.
            let behind = spaces.get(assign + 1..comment).unwrap_or_default();
            let behind_tokens = tokens.get(assign + 1 - line.start..).unwrap_or_default();
            width += 1 + columns.width(behind_tokens, behind);
        }
        let begins_chain = !std::mem::replace(&mut self.is_in_chain, true);
        self.comments.push(Comment { token: comment, width, assign: line.assign, begins_chain });
    }

    /// Ends all chains.
    pub(super) fn finish(&mut self, spaces: &mut [u32]) {
        self.align_assigns(spaces);
        for comment in &mut self.comments {
            if let Some(before) = comment.assign.and_then(|it| spaces.get(it)) {
                comment.width += before;
            }
        }
        for chain in self.comments.chunk_by(|_, next| !next.begins_chain) {
            align(chain.iter().map(|it| (it.token, it.width)), spaces);
        }
    }

    fn align_assigns(&mut self, spaces: &mut [u32]) {
        align(self.assigns.iter().copied(), spaces);
        self.assigns.clear();
    }
}

/// Sets the spaces before tokens so that all of them are one column behind the widest of what stands before them.
fn align(cells: impl Iterator<Item = (usize, u32)> + Clone, spaces: &mut [u32]) {
    let widest = cells.clone().map(|(_, width)| width).max().unwrap_or_default();
    for (token, width) in cells {
        work::step();
        if let Some(before) = spaces.get_mut(token) {
            *before = widest - width + 1;
        }
    }
}
