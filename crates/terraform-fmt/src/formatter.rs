//! A file from bytes to its answer.

use crate::characters::Character;
use crate::doubt::{Doubt, DoubtReason};
use crate::formatted::{Formatted, Loss};
use crate::kind::Kind;
use crate::layout::Layout;
use crate::limits::MAX_INPUT_BYTES;
use crate::parser::{self, Fault, Findings};
use crate::refusal::{Refusal, SyntaxError};
use crate::scanner::Scan;
use crate::token::{Source, Token};

/// A result may be this many times as large as its file.
const MAX_GROWTH: u64 = 64;
/// A result may always have this many bytes.
const MAX_SMALL_BYTES: u64 = 1 << 20;

/// Formats files one after the other, and keeps the memory that it needs on the way.
///
/// ```
/// let mut formatter = terraform_fmt::Formatter::default();
/// let files: [&[u8]; 2] = [b"a=1\n", b"b = 2\n"];
/// let changed = files.map(|it| formatter.format(it).unwrap().into_changed());
/// assert_eq!(changed, [Some(b"a = 1\n".to_vec()), None]);
/// ```
#[derive(Debug, Default)]
pub struct Formatter {
    scan: Scan,
    findings: Findings,
    edited: Vec<Token>,
    layout: Layout,
}

/// Formats a file as `terraform fmt` does.
///
/// For many files a [`Formatter`] is faster.
///
/// # Errors
///
/// That the file is not well formed, or that it is not known what terraform does: then terraform is to be asked.
pub fn format(input: &[u8]) -> Result<Formatted, Refusal> {
    Formatter::default().format(input)
}

impl Formatter {
    /// Formats a file as `terraform fmt` does.
    ///
    /// # Errors
    ///
    /// That the file is not well formed, or that it is not known what terraform does: then terraform is to be asked.
    pub fn format(&mut self, input: &[u8]) -> Result<Formatted, Refusal> {
        if input.len() > MAX_INPUT_BYTES {
            return Err(Refusal::NotSure(Doubt { reason: DoubtReason::TooLarge, line: 1 }));
        }
        self.scan.read(input);
        if let Some(doubt) = self.scan.doubt {
            return Err(refusal(input, doubt));
        }
        let tokens = &self.scan.tokens;
        self.findings.clear();
        parser::read(input, tokens, &self.scan.errors, &mut self.findings);
        if let Some(doubt) = self.findings.doubt {
            return Err(refusal(input, doubt));
        }
        if !self.findings.faults.is_empty() {
            if let Some(place) = lost_line(input, tokens, &self.findings.faults) {
                return Err(refusal(input, (DoubtReason::EncodingOfComment, place)));
            }
            return Err(Refusal::Errors(errors(input, &mut self.findings.faults)));
        }

        let source = Source { input, made: &self.findings.edits.made };
        let has_edits = !self.findings.edits.is_empty();
        if has_edits {
            self.findings.edits.apply(tokens, &mut self.edited);
        }
        let result = if has_edits { &self.edited } else { tokens };
        if let Err(place) = self.layout.arrange(result, source, final_gap(tokens)) {
            return Err(refusal(input, (DoubtReason::EncodingOfMeasured, place)));
        }
        if !has_edits && !self.scan.has_odd_gap && is_laid_out(tokens, &self.layout.spaces) {
            return Ok(Formatted::new(None, Vec::new()));
        }
        let Some(changed) = write(result, &self.layout.spaces, source) else {
            return Err(refusal(input, (DoubtReason::TooWide, 0)));
        };
        if changed == input {
            return Ok(Formatted::new(None, Vec::new()));
        }
        let mut lines = Lines::new(input);
        self.findings.losses.sort_by_key(|it| it.1);
        let losses = self.findings.losses.iter();
        let losses = losses.map(|&(kind, place)| Loss { kind, line: lines.place(place).0 }).collect();
        Ok(Formatted::new(Some(changed), losses))
    }
}

/// A place before an error where terraform may count a line too few: it takes some sequences that are cut off by a line break
/// for characters.
fn lost_line(input: &[u8], tokens: &[Token], faults: &[Fault]) -> Option<u32> {
    let last = faults.iter().map(|it| it.start).max()?;
    let source = Source { input, made: &[] };
    let may_hold = |it: &&Token| it.start < last && (it.kind.is_comment() || it.kind == Kind::Invalid);
    tokens.iter().filter(may_hold).find(|it| is_cut_off(source.bytes(**it))).map(|it| it.start)
}

/// Whether what begins like a character has not its form, and there is a line break among the three bytes behind.
fn is_cut_off(bytes: &[u8]) -> bool {
    if bytes.is_ascii() {
        return false;
    }
    let mut rest = bytes;
    while let Some(byte) = rest.first() {
        let length = match Character::read(rest) {
            Character::Valid(_, length) | Character::Formal(length) => length,
            Character::Stray => {
                if *byte >= 0xC0 && rest.iter().take(4).any(|it| *it == b'\n') {
                    return true;
                }
                1
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    false
}

/// The gap before the end of the file, which stays, as spaces.
fn final_gap(tokens: &[Token]) -> u32 {
    match tokens {
        [.., before, end] => end.start - before.end,
        [end] => end.start,
        [] => 0,
    }
}

/// Whether the gaps, which hold nothing but spaces, are as wide as they should be.
fn is_laid_out(tokens: &[Token], spaces: &[u32]) -> bool {
    let mut end = 0;
    tokens.iter().zip(spaces).all(|(token, spaces)| {
        let gap = token.start - std::mem::replace(&mut end, token.end);
        gap == *spaces
    })
}

/// The bytes of tokens with spaces before them; nothing if they are far too many.
fn write(tokens: &[Token], spaces: &[u32], source: Source<'_>) -> Option<Vec<u8>> {
    let length: u64 =
        tokens.iter().zip(spaces).map(|(token, spaces)| u64::from(token.length()) + u64::from(*spaces)).sum();
    let input = u64::try_from(source.input.len()).unwrap_or(u64::MAX);
    if length > MAX_SMALL_BYTES.max(input.saturating_mul(MAX_GROWTH)) {
        return None;
    }
    let mut result = Vec::with_capacity(usize::try_from(length).ok()?);
    // Tokens of the file whose gaps are right are copied together.
    let mut run = 0..0;
    for (token, spaces) in tokens.iter().zip(spaces) {
        let range = token.start as usize..token.end as usize;
        let gap = source.input.get(run.end..range.start);
        if gap.is_some_and(|it| it.len() == *spaces as usize && it.iter().all(|it| *it == b' ')) {
            run.end = range.end;
            continue;
        }
        result.extend_from_slice(source.input.get(run).unwrap_or_default());
        result.resize(result.len() + *spaces as usize, b' ');
        if range.end <= source.input.len() {
            run = range;
        } else {
            result.extend_from_slice(source.bytes(*token));
            // Behind a made token there is no gap of the file.
            run = usize::MAX..usize::MAX;
        }
    }
    result.extend_from_slice(source.input.get(run).unwrap_or_default());
    Some(result)
}

fn refusal(input: &[u8], (reason, place): (DoubtReason, u32)) -> Refusal {
    Refusal::NotSure(Doubt { reason, line: Lines::new(input).place(place).0 })
}

/// Errors in terraform's order: by start, then by end, then as they were found.
fn errors(input: &[u8], faults: &mut [Fault]) -> Vec<SyntaxError> {
    faults.sort_by_key(|it| (it.start, it.end, it.order));
    let mut lines = Lines::new(input);
    let errors = faults.iter().map(|it| {
        let (line, column) = lines.place(it.start);
        SyntaxError { summary: it.summary, line, column, range: it.start as usize..it.end as usize }
    });
    errors.collect()
}

/// Finds lines and columns of places that are asked for from the first to the last.
struct Lines<'i> {
    input: &'i [u8],
    at: usize,
    line: usize,
    line_start: usize,
}

impl<'i> Lines<'i> {
    fn new(input: &'i [u8]) -> Self {
        Self { input, at: 0, line: 1, line_start: 0 }
    }

    fn place(&mut self, place: u32) -> (usize, usize) {
        let place = place as usize;
        for (index, byte) in self.input.get(self.at..place).unwrap_or_default().iter().enumerate() {
            if *byte == b'\n' {
                self.line += 1;
                self.line_start = self.at + index + 1;
            }
        }
        self.at = self.at.max(place);
        (self.line, 1 + place.saturating_sub(self.line_start))
    }
}
