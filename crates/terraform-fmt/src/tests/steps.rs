//! Work grows with the size of a file, whatever is in it, and the stack does not.

use crate::doubt::DoubtReason;
use crate::limits::MAX_DEPTH;
use crate::refusal::Refusal;
use crate::work;

/// Steps per byte for a file.
#[expect(clippy::cast_precision_loss, reason = "no file here has 2^52 bytes")]
fn steps_per_byte(file: &str) -> f64 {
    work::take();
    let _answer = crate::format(file.as_bytes());
    work::take() as f64 / file.len() as f64
}

#[test]
fn a_file_of_many_arguments_takes_as_much_per_byte_as_one_of_few() {
    let steps = [2_000, 8_000, 32_000].map(|count| {
        let file: String = (0..count).map(|it| format!("argument_{it:05} = \"value {it}\" # c\n")).collect();
        steps_per_byte(&file)
    });
    assert!(steps[0] < 20.0 && steps[1] <= steps[0] * 1.02 && steps[2] <= steps[1] * 1.02, "{steps:?}");
}

#[test]
fn whatever_is_repeated_takes_as_much_per_byte_often_as_it_does_sometimes() {
    let pieces = [
        "/*",
        "<<A\n",
        "<<A",
        "\"",
        "\"${",
        "\"${x",
        "${",
        "%{ if x }",
        "%{ for a in b }",
        "{",
        "[",
        "(",
        "a {\n",
        "a = [",
        "a = \"${",
        "1.",
        ".",
        "a.",
        "a = x[",
        "a = x[true]\n",
        "-",
        "!",
        "a ? b : ",
        "a ? ",
        "a = {\n",
        "\n",
        "#\n",
        "a \"",
        "a b",
        "a = b c\n",
        ")",
        "}\n",
        "a = )\n",
        "\\",
        "$",
        "\r",
        "\u{301}",
        "a = <<A\n${\n<<B\nB\n}\nA\n",
        "a = 1 # c\n",
        "/* c */",
        "a = /* c */ 1\n",
        "a = f(",
        "f(x, ",
        "[for x in y : ",
        "{for x in y : x => ",
        "a = \"${x}\"\n",
        "a \"$x\" {}\n",
        "a = 1\n",
        "a = (\n",
        "a = x[\n",
        "x[x[",
        "\n\n\n\na = (x[\n\n\n\n",
        "~}",
        "'",
        "\"\n",
        "a = \"%{ for a in b }",
        "a = \"%{for x in x[true]}",
    ];
    let starts = [
        "",
        "a = ",
        "a = [\n",
        "a = \"",
        "a = <<A\n",
        "a = (((((((((((((((((((((\n",
        "a = [for x in y: {\n",
        "a = \"%{for q in r}${[",
    ];
    for piece in pieces {
        for start in starts {
            let steps = [300, 2400].map(|count| steps_per_byte(&format!("{start}{}", piece.repeat(count))));
            assert!(
                steps[1] <= (steps[0] * 1.3).max(20.0),
                "{start:?} and {piece:?} take {steps:?} steps per byte"
            );
        }
    }
}

#[test]
fn what_is_nested_fits_a_small_stack_or_is_in_doubt() {
    let shapes: [(&str, &str, &str); 13] = [
        ("a = ", "(", ")"),
        ("a = ", "[", "]"),
        ("a = ", "{\nk = ", "\n}"),
        ("a = ", "f(", ")"),
        ("a = ", "x[", "]"),
        ("a = ", "\"${", "}\""),
        ("a = ", "[for x in y : ", "]"),
        ("a = ", "{for x in y : x => ", "}"),
        ("a = ", "y ? ", " : x"),
        ("a = ", "y ? x : ", ""),
        ("a = ", "!-", ""),
        ("", "a {\n", "}\n"),
        ("a = \"", "%{ for x in y }", "%{ endfor }"),
    ];
    let run = move || {
        for (start, open, close) in shapes {
            for (depth, limit) in [(MAX_DEPTH - 2, true), (100_000, false)] {
                let is_block = start.is_empty();
                let middle = if is_block { "" } else { "x" };
                let end = if start.ends_with('"') { "\"\n" } else { "\n" };
                let file = format!("{start}{}{middle}{}{end}", open.repeat(depth), close.repeat(depth));
                match crate::format(file.as_bytes()) {
                    Ok(_) => assert!(limit || open.contains(" : ") || open == "!-", "{open} {depth}"),
                    Err(Refusal::NotSure(doubt)) => {
                        assert!(
                            !limit && matches!(doubt.reason, DoubtReason::TooDeep),
                            "{open} {depth} {doubt}"
                        );
                    }
                    Err(refusal) => panic!("{open} {depth}: {refusal}"),
                }
                // Without what closes it, it is refused or in doubt.
                assert!(crate::format(format!("{start}{}", open.repeat(depth)).as_bytes()).is_err());
            }
        }
    };
    std::thread::Builder::new().stack_size(512 << 10).spawn(run).unwrap().join().unwrap();
}

#[test]
fn a_result_that_is_far_larger_than_its_file_is_in_doubt() {
    let file = format!("a = {{\n  \"{}\" = 1\n{}}}\n", "k".repeat(1 << 16), "  k = 1\n".repeat(1 << 12));
    let Err(Refusal::NotSure(doubt)) = crate::format(file.as_bytes()) else { panic!("it is written") };
    assert_eq!(doubt.reason, DoubtReason::TooWide);
}
