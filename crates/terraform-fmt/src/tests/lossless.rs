//! Tokens are the file, and a result is the tokens with other gaps, except where something is rewritten.

use super::vectors;
use crate::kind::Kind;
use crate::parser::{self, Findings};
use crate::scanner::Scan;
use crate::token::Token;
use fastrand::Rng;

/// Files, and files with damage.
fn files() -> Vec<Vec<u8>> {
    let mut rng = Rng::with_seed(7);
    let mut files: Vec<Vec<u8>> = vectors().into_iter().map(|it| it.1).collect();
    for index in 0..2000 {
        let mut file = files[index % 376].clone();
        for _ in 0..3 {
            let at = rng.usize(..=file.len());
            match rng.u8(..3) {
                0 => file.truncate(at),
                1 => file.insert(at, rng.u8(..)),
                _ => file.insert(at, *rng.choice(b"\"{}[]()$%<\n#/*~=").unwrap()),
            }
        }
        files.push(file);
    }
    files
}

fn bytes(file: &[u8], token: Token) -> &[u8] {
    &file[token.start as usize..token.end as usize]
}

#[test]
fn tokens_and_gaps_are_the_file() {
    let mut scan = Scan::default();
    for file in files() {
        scan.read(&file);
        let mut end = 0;
        for (index, token) in scan.tokens.iter().enumerate() {
            let gap = &file[end..token.start as usize];
            let gap = if index == 0 { gap.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(gap) } else { gap };
            let is_end = token.kind == Kind::End;
            assert!(gap.iter().all(|it| matches!(it, b' ' | b'\t')), "{}", file.escape_ascii());
            assert_eq!(bytes(&file, *token).is_empty(), is_end, "{}", file.escape_ascii());
            end = token.end as usize;
        }
        assert!(end == file.len() || scan.doubt.is_some(), "{}", file.escape_ascii());
    }
}

#[test]
fn a_result_is_the_same_tokens_unless_something_is_rewritten() {
    let (mut scan, mut findings) = (Scan::default(), Findings::default());
    let mut seen = 0;
    for file in files() {
        let Ok(formatted) = crate::format(&file) else { continue };
        let Some(changed) = formatted.changed() else { continue };
        scan.read(&file);
        findings.clear();
        parser::read(&file, &scan.tokens, &scan.errors, &mut findings);
        if findings.edits.is_empty() {
            let before: Vec<u8> = scan.tokens.iter().flat_map(|it| bytes(&file, *it).to_vec()).collect();
            let mut rest = changed;
            // What was written is spaces and the bytes of tokens, in order.
            for byte in before {
                let next = rest.iter().position(|it| *it == byte).unwrap();
                assert!(rest[..next].iter().all(|it| *it == b' '), "{}", file.escape_ascii());
                rest = &rest[next + 1..];
            }
            assert!(rest.iter().all(|it| *it == b' '), "{}", file.escape_ascii());
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen}");
}

#[test]
fn losses_are_told_where_code_is_lost() {
    use crate::formatted::LossKind::{Comment, Index, Label, Value};
    let check = |text: &str, expected: &[(crate::formatted::LossKind, usize)]| {
        let formatted = crate::format(text.as_bytes()).unwrap();
        let found: Vec<_> = formatted.losses().iter().map(|it| (it.kind, it.line)).collect();
        assert_eq!(found, expected, "{text}");
    };
    check("a \"b$c\" {}\n", &[(Label, 1)]);
    check("\na /* c */ \"b\" {}\n", &[(Comment, 2)]);
    check("a /* \n */ \"b$c\" /* d */ \"e\" {}\n", &[(Comment, 1), (Label, 2), (Comment, 2)]);
    check("a = 1\nb = [\n  x[true],\n]\n", &[(Index, 3)]);
    check("a = \"${ # c\n x}\"\n", &[(Value, 1)]);
    check("a = \"${(a)\n+ (b)}\"\n", &[(Value, 1)]);
    check("a = \"${x # c\n}\"\n", &[]);
    check("a = \"${x\n+ 1}\"\n", &[]);
    check("a=\"${f(\nx)}\"\nb \"c\" {}\n", &[]);
}
