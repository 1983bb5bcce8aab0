//! Any bytes have an answer: nothing panics, and places are within the file.

use fastrand::Rng;
use terraform_fmt::{Formatter, Refusal};

/// Formats a file, and holds what is true of any answer.
fn check(formatter: &mut Formatter, input: &[u8]) {
    let lines = input.iter().filter(|it| **it == b'\n').count() + 1;
    match formatter.format(input) {
        Ok(formatted) => {
            assert!(formatted.changed().is_none_or(|it| it != input));
            assert!(!formatted.is_unchanged() || formatted.losses().is_empty());
            assert!(formatted.losses().iter().all(|it| it.line <= lines));
        }
        Err(Refusal::Errors(errors)) => {
            assert!(!errors.is_empty());
            assert!(errors.is_sorted_by_key(|it| (it.range.start, it.range.end)));
            for error in errors {
                assert!(error.range.start <= error.range.end && error.range.end <= input.len());
                assert!(error.line <= lines && error.column <= input.len() + 1);
                assert!(!error.to_string().contains('\n'));
            }
        }
        Err(Refusal::NotSure(doubt)) => assert!(doubt.line <= lines),
    }
    // Memory that is kept changes no answer.
    assert_eq!(formatter.format(input), terraform_fmt::format(input));
}

/// What makes files that are more interesting than bytes alone.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"${",
    b"%{",
    b"}",
    b"~}",
    b"{",
    b"[",
    b"]",
    b"(",
    b")",
    b"<<A\n",
    b"\nA\n",
    b"\n",
    b"\r\n",
    b"\r",
    b"=",
    b"a",
    b"for",
    b"if ",
    b"endif",
    b" in ",
    b".",
    b"..",
    b"...",
    b"*",
    b"?",
    b":",
    b",",
    b"\\",
    b"\\u00",
    b"$",
    b"$$",
    b"$${",
    b"/*",
    b"*/",
    b"#",
    b"//",
    b"1",
    b"1e",
    b"e9999999999",
    b"\xC4 ",
    b"\xED\xA0\x80",
    b"\xFF",
    b"\xEF\xBB\xBF",
    b"\xCC\x81",
    b"\0",
    b"variable a {",
    b"type=",
    b"list",
    b"x[true]",
    b"\t",
    b" ",
    b"::",
    b"=>",
    b"-",
    b"!",
    b"&",
    b"'",
    b"`",
    b";",
];

#[test]
fn random_bytes_have_an_answer() {
    let mut rng = Rng::with_seed(11);
    let mut formatter = Formatter::default();
    for _ in 0..4000 {
        let length = rng.usize(..60);
        let bytes: Vec<u8> = (0..length).map(|_| rng.u8(..)).collect();
        check(&mut formatter, &bytes);
    }
}

#[test]
fn random_pieces_have_an_answer() {
    let mut rng = Rng::with_seed(12);
    let mut formatter = Formatter::default();
    for _ in 0..8000 {
        let length = rng.usize(..30);
        let bytes: Vec<u8> = (0..length).flat_map(|_| rng.choice(PIECES).unwrap().to_vec()).collect();
        check(&mut formatter, &bytes);
    }
}

#[test]
fn giant_lines_and_texts_have_an_answer() {
    let mut formatter = Formatter::default();
    let long = "x".repeat(1 << 20);
    for file in [
        format!("{long} = 1\n"),
        format!("a = {long}\n"),
        format!("a = \"{long}\"\n"),
        format!("a = 1 # {long}\n"),
        format!("a = <<A\n{long}\nA\n"),
        format!("a = [{}]\n", "1, ".repeat(1 << 18)),
        format!("a = {}1\n", "1 + ".repeat(1 << 18)),
        format!("a = x{}\n", ".y".repeat(1 << 18)),
        format!("a = {}x\n", "y ? z : ".repeat(1 << 17)),
        format!("a \"b\" {}{{\n}}\n", "\"c\" ".repeat(1 << 17)),
        format!("a = {}\n", "9".repeat(1 << 18)),
        format!("a = 1e{}\n", "9".repeat(1 << 18)),
        " ".repeat(1 << 20),
        "\n".repeat(1 << 20),
        "\"".repeat(1 << 18),
    ] {
        check(&mut formatter, file.as_bytes());
    }
}

#[test]
fn numbers_at_the_border_are_in_doubt_and_others_are_not() {
    let verdict = |number: &str| match terraform_fmt::format(format!("a = {number}\n").as_bytes()) {
        Ok(_) => "fine",
        Err(Refusal::Errors(_)) => "wrong",
        Err(Refusal::NotSure(_)) => "in doubt",
    };
    for number in ["0e9223372036854775807", "1e2147483000", "1e-2147483000", "1.5e10", "00.0e99"] {
        assert_eq!(verdict(number), "fine", "{number}");
    }
    for number in ["1e2147483660", "1e-2147483660", "0e9223372036854775808", "1.2.3", "1e5e5", "1e5.5"] {
        assert_eq!(verdict(number), "wrong", "{number}");
    }
    assert_eq!((verdict("1e2147483646"), verdict("1e2147483647")), ("fine", "wrong"));
    assert_eq!(verdict(&format!("{}e2147483600", "1".repeat(40))), "in doubt");
}
