//! Whether a space stands between two tokens.
//!
//! The rules are numbered as in part 5 of `SPECIFICATION.md`, "Spaces"; the first that fits decides.

use crate::kind::Kind;
use crate::token::{Source, Token};

/// What a pair of kinds says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    None,
    One,
    /// None, except behind a name and `in` (rule 8).
    NoneUnlessIn,
    /// As the token before the minus says (rule 11).
    Minus,
}

/// The rule for each pair, left kind first: that is looked up once per token.
static RULES: [[Rule; Kind::COUNT]; Kind::COUNT] = rules();

/// Sets the spaces before all tokens of a line but its first. Where cells begin there is one.
pub(super) fn space(line: &[Token], source: Source<'_>, cells: [Option<usize>; 2], spaces: &mut [u32]) {
    let [assign, comment] = cells.map(|it| it.unwrap_or(usize::MAX));
    let mut before: Option<Token> = None;
    let mut tokens = line.iter().zip(spaces).enumerate();
    let Some((_, (mut left, _))) = tokens.next() else { return };
    for (index, (right, spaces)) in tokens {
        if index == assign || index == comment {
            *spaces = 1;
            before = None;
        } else {
            *spaces = match rule(left.kind, right.kind) {
                Rule::None => 0,
                Rule::One => 1,
                Rule::NoneUnlessIn => {
                    u32::from(before.is_some_and(|it| it.kind == Kind::Name) && source.bytes(*left) == b"in")
                }
                Rule::Minus => u32::from(!before.is_none_or(|it| makes_unary(it.kind))),
            };
            before = Some(*left);
        }
        left = right;
    }
}

fn rule(left: Kind, right: Kind) -> Rule {
    RULES.get(left as usize).and_then(|it| it.get(right as usize)).copied().unwrap_or(Rule::One)
}

#[expect(
    clippy::indexing_slicing,
    reason = "the compiler computes it, and would not compile an index out of bounds"
)]
const fn rules() -> [[Rule; Kind::COUNT]; Kind::COUNT] {
    let mut rules = [[Rule::One; Kind::COUNT]; Kind::COUNT];
    let mut left = 0;
    while left < Kind::COUNT {
        let mut right = 0;
        while right < Kind::COUNT {
            rules[left][right] = pair(Kind::ALL[left], Kind::ALL[right]);
            right += 1;
        }
        left += 1;
    }
    rules
}

const fn pair(left: Kind, right: Kind) -> Rule {
    match (left, right) {
        (_, Kind::Newline) => Rule::None,                  // 1
        (Kind::Name, Kind::OpenParenthesis) => Rule::None, // 2
        (Kind::Name, Kind::DoubleColon) => Rule::None,     // 3
        (Kind::DoubleColon, Kind::Name) => Rule::None,     // 3
        (Kind::Dot, _) | (_, Kind::Dot) => Rule::None,     // 4
        (_, Kind::Comma | Kind::Ellipsis) => Rule::None,   // 5
        (Kind::Comma, _) => Rule::One,                     // 6
        (Kind::QuotedLiteral | Kind::HeredocLiteral | Kind::OpenQuote | Kind::OpenHeredoc, _) => Rule::None, // 7
        (_, Kind::QuotedLiteral | Kind::HeredocLiteral | Kind::CloseQuote | Kind::CloseHeredoc) => Rule::None, // 7
        // 8 overrules 9 and 17, and 12 and 18 say the same as it.
        (Kind::Name, Kind::OpenBracket | Kind::CloseBracket | Kind::CloseParenthesis | Kind::SequenceEnd) => {
            Rule::NoneUnlessIn
        }
        (
            Kind::Number | Kind::CloseBrace | Kind::CloseBracket | Kind::CloseParenthesis | Kind::SequenceEnd,
            Kind::OpenBracket,
        ) => Rule::None, // 9
        (Kind::Not, _) => Rule::None,                                        // 10
        (Kind::Minus, _) => Rule::Minus,                                     // 11
        (Kind::OpenBrace, Kind::CloseBrace) => Rule::None,                   // 12
        (Kind::OpenBrace, _) | (_, Kind::CloseBrace) => Rule::One,           // 12
        (Kind::Interpolation | Kind::Control, Kind::OpenBrace) => Rule::One, // 13
        (Kind::CloseBrace, Kind::SequenceEnd) => Rule::One,                  // 14
        (Kind::SequenceEnd, Kind::Interpolation | Kind::Control) => Rule::None, // 15
        (Kind::OpenBracket | Kind::OpenParenthesis | Kind::Interpolation | Kind::Control, _) => Rule::None, // 16
        (_, Kind::CloseBracket | Kind::CloseParenthesis | Kind::SequenceEnd) => Rule::None, // 17
        _ => Rule::One,                                                                     // 18
    }
}

/// Whether a minus behind this token is a sign (rule 11).
fn makes_unary(kind: Kind) -> bool {
    kind.is_operator()
        || matches!(
            kind,
            Kind::OpenParenthesis
                | Kind::OpenBrace
                | Kind::OpenBracket
                | Kind::Assign
                | Kind::Colon
                | Kind::Comma
                | Kind::Question
                | Kind::Not
        )
}
