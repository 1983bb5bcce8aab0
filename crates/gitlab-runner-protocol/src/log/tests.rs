use super::*;
use proptest::prelude::*;
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/vectors.json")).unwrap()
}

fn secrets(texts: &[&str]) -> Vec<SecretText> {
    texts.iter().map(|&it| SecretText::new(it)).collect()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn settings(masks: &[&str]) -> LogSettings {
    LogSettings { masks: secrets(masks), ..LogSettings::default() }
}

/// What is logged of a script that prints `pieces`.
fn logged(settings: LogSettings, pieces: &[&[u8]]) -> String {
    let (log, now) = (JobLog::new(settings), Timestamp::UNIX_EPOCH);
    for piece in pieces {
        log.write(Stream::Script, now, piece);
    }
    log.flush(now);
    String::from_utf8(log.part(0, usize::MAX)).unwrap()
}

/// The same in one piece, byte by byte, and in two pieces cut anywhere.
fn check(settings: &LogSettings, input: &[u8], expected: &str) {
    assert_eq!(logged(settings.clone(), &[input]), expected);
    let bytes: Vec<&[u8]> = input.chunks(1).collect();
    assert_eq!(logged(settings.clone(), &bytes), expected, "byte by byte");
    for cut in 0..=input.len() {
        assert_eq!(logged(settings.clone(), &[&input[..cut], &input[cut..]]), expected, "cut at {cut}");
    }
}

/// G-46
#[test]
fn every_vector_of_masking_holds_for_every_cut() {
    let masking = &vectors()["masking"];
    let masks: Vec<&str> =
        masking["masks"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    for case in masking["cases"].as_array().unwrap() {
        check(&settings(&masks), case["in"].as_str().unwrap().as_bytes(), case["out"].as_str().unwrap());
    }
}

#[test]
fn every_byte_of_every_occurrence_goes() {
    for (masks, input, expected) in [
        (&["abcd", "cdef"][..], "xabcdefx", "x[MASKED]x"),
        (&["abcd", "cdef"], "abcdcdef", "[MASKED][MASKED]"),
        (&["aa"], "baaab", "b[MASKED]b"),
        // The first is found, the second lies apart, and the third, found last, is one with both.
        (&["abcd", "fg", "defgh"], "abcdefgh", "[MASKED]"),
        (&["abcd", "fg", "defgh"], "abcdefg", "[MASKED]e[MASKED]"),
        (&["x"], "axb", "a[MASKED]b"),
        (&["ab", "longer-value"], "a longer-value ab", "a [MASKED] [MASKED]"),
        (&["  padded\n", "", "  "], "is padded", "is [MASKED]"),
        (&["Größe3µ"], "die Größe3µ!", "die [MASKED]!"),
    ] {
        check(&settings(masks), input.as_bytes(), expected);
    }
}

#[test]
fn prefixes_of_the_job_count_beside_the_usual_ones() {
    let settings = LogSettings { token_prefixes: vec!["acme-".into(), " ".into()], ..LogSettings::default() };
    check(&settings, b"acme-s3cret, glrt-t1_x and gl-x", "acme-[MASKED], glrt-[MASKED] and gl-x");
    check(&settings, b"_gitlab_session=0f glpat-glrt-x", "_gitlab_session=[MASKED] glpat-[MASKED]");
}

#[test]
fn names_of_parameters_are_compared_without_case_and_as_a_whole() {
    let settings = LogSettings::default();
    check(
        &settings,
        b"?PRIVATE_token=a&b=c&&rss_token=d?x",
        "?PRIVATE_token=[MASKED]&b=c&&rss_token=[MASKED]?x",
    );
    check(
        &settings,
        b"?my_private_token=a&rss_tokens=b&rss_token",
        "?my_private_token=a&rss_tokens=b&rss_token",
    );
}

#[test]
fn what_is_no_utf8_is_replaced_and_cut_characters_are_whole() {
    let settings = LogSettings::default();
    check(&settings, "Größe: 3 µm 🦀\n".as_bytes(), "Größe: 3 µm 🦀\n");
    check(&settings, b"line with \xff replaced byte\n", "line with \u{fffd} replaced byte\n");
    check(&settings, b"a\xf0\x9f\x92b\xc3", "a\u{fffd}b\u{fffd}");
    for input in
        [&b"\xe2\x28\xa1"[..], b"\xf0\x28\x8c\xbc", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80x"]
    {
        check(&settings, input, &String::from_utf8_lossy(input));
    }
}

#[test]
fn checksums_and_sizes_are_those_of_the_vectors() {
    for case in vectors()["trace"].as_array().unwrap() {
        let log = JobLog::new(LogSettings::default());
        log.write(Stream::Script, Timestamp::UNIX_EPOCH, case["bytes"].as_str().unwrap().as_bytes());
        let LogSummary { checksum, bytes } = log.summary();
        assert_eq!(format!("crc32:{checksum:08x}"), case["checksum"]);
        assert_eq!(bytes, case["bytesize"]);
    }
}

#[test]
fn time_stamps_are_those_of_the_vectors() {
    for case in vectors()["timestamps"].as_array().unwrap() {
        let log = JobLog::new(LogSettings { timestamps: true, ..LogSettings::default() });
        let stream = if case["stream"] == 0 { Stream::Runner } else { Stream::Script };
        for write in case["writes"].as_array().unwrap() {
            log.write(stream, time(write[0].as_str().unwrap()), write[1].as_str().unwrap().as_bytes());
        }
        // Ours has one kind.
        let expected = case["out"].as_str().unwrap().replace("01E", "01O");
        assert_eq!(String::from_utf8(log.part(0, usize::MAX)).unwrap(), expected, "{}", case["title"]);
    }
}

#[test]
fn a_line_without_an_end_is_cut_and_a_stage_ends_its_last_line() {
    let log = JobLog::new(LogSettings { timestamps: true, ..LogSettings::default() });
    let now = time("2026-08-20T09:15:02Z");
    log.write(Stream::Script, now, "x".repeat(9000).as_bytes());
    log.write(Stream::Script, now, b"y");
    log.flush(now);
    log.write(Stream::Script, now, b"z\n");
    let text = String::from_utf8(log.part(0, usize::MAX)).unwrap();
    let heads: Vec<&str> = text.lines().map(|it| &it[..33]).collect();
    let head = "2026-08-20T09:15:02.000000Z 01O";
    assert_eq!(heads, [format!("{head} x"), format!("{head}+y"), format!("{head}+z")].map(|it| it.clone()));
}

#[test]
fn two_streams_do_not_disturb_each_other() {
    let (log, now) = (JobLog::new(settings(&["secretvalue"])), Timestamp::UNIX_EPOCH);
    log.write(Stream::Script, now, b"a secret");
    log.write(Stream::Runner, now, lines::warning("look").as_bytes());
    log.write(Stream::Script, now, b"value b");
    assert_eq!(log.part(0, 99), b"a \x1b[0;33mWARNING: look\x1b[0;m\n[MASKED] b");
}

#[test]
fn what_is_to_be_masked_later_is_masked_from_then_on() {
    let (log, now) = (JobLog::new(settings(&["first-one"])), Timestamp::UNIX_EPOCH);
    log.write(Stream::Script, now, b"first-one second-one ");
    log.mask(secrets(&["second-one"]), now);
    log.write(Stream::Script, now, b"first-one second-one\n");
    assert_eq!(log.part(0, 99), b"[MASKED] second-one [MASKED] [MASKED]\n");
}

/// G-46
#[test]
fn a_log_over_its_limit_ends_with_one_notice_at_a_border_of_a_character() {
    let text = logged(
        LogSettings { limit_bytes: 10, ..LogSettings::default() },
        &[b"12345678", "9ßx".as_bytes(), b"more", b"and more"],
    );
    let (kept, notice) = text.split_once('\n').unwrap();
    assert_eq!(kept, "123456789");
    assert!(notice.starts_with("\x1b[33;1mThe log is longer than its limit of 10 bytes."), "{notice}");
    assert_eq!(notice.matches("limit").count(), 1);
    assert_eq!(logged(LogSettings { limit_bytes: 2, ..LogSettings::default() }, &[b"ab"]), "ab");
}

#[test]
fn nothing_of_masks_is_printed() {
    let log = JobLog::new(settings(&["secretvalue"]));
    log.write(Stream::Script, Timestamp::UNIX_EPOCH, b"text of the log secretval");
    let printed = format!("{log:?}");
    assert!(!printed.contains("secret") && !printed.contains("text of the log"), "{printed}");
}

proptest! {
    /// A small alphabet, so that beginnings, overlaps and prefixes are everywhere.
    #[test]
    fn any_split_gives_the_same_and_nothing_masked_passes(
        masks in prop::collection::vec("[ab?&=g]{1,6}", 0..6),
        pieces in prop::collection::vec("[ab?&=g\nµ]{0,12}|glrt-|rss_token=|\\?", 0..12),
        timestamps: bool,
    ) {
        let masks: Vec<&str> = masks.iter().map(String::as_str).collect();
        let settings = LogSettings { timestamps, ..settings(&masks) };
        let input = pieces.concat();
        let whole = logged(settings.clone(), &[input.as_bytes()]);
        let pieces: Vec<&[u8]> = pieces.iter().map(|it| it.as_bytes()).collect();
        prop_assert_eq!(&whole, &logged(settings.clone(), &pieces));
        let bytes: Vec<&[u8]> = input.as_bytes().chunks(1).collect();
        prop_assert_eq!(&whole, &logged(settings, &bytes));
        // Where `[MASKED]` and the names of what stands before it hold no mask, none is left.
        let left = ["[MASKED]", "glrt-", "rss_token="].iter().fold(whole, |it, known| it.replace(known, "\u{0}"));
        for mask in masks.iter().filter(|_| !timestamps) {
            prop_assert!(!left.contains(*mask), "{mask} is in {left:?}");
        }
    }

    #[test]
    fn any_bytes_give_what_a_lossy_reading_gives(bytes: Vec<u8>, cut in 0_usize..64) {
        let cut = cut.min(bytes.len());
        let expected = String::from_utf8_lossy(&bytes).into_owned();
        prop_assume!(!expected.contains(['?', '&']));
        prop_assert_eq!(logged(LogSettings::default(), &[&bytes[..cut], &bytes[cut..]]), expected);
    }
}
