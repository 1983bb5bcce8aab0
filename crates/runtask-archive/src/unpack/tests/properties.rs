//! Unpacks archives that are made of anything.

use std::{fs, path::Path};

use proptest::prelude::*;

use super::place::{Place, new};
use crate::{ArchiveBuilder, Limits, unpack};

/// Components such that entries meet each other often.
fn component() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        12 => prop::sample::select(vec!["a", "b", "c", "s"]),
        3 => Just(".."),
        1 => Just("."),
        1 => Just(""),
        1 => Just("dest"),
        1 => Just("sentinel"),
        1 => Just("._x"),
        1 => Just("a\0b"),
    ]
}

fn path() -> impl Strategy<Value = String> {
    (prop::bool::weighted(0.05), prop::collection::vec(component(), 1..4)).prop_map(
        |(is_absolute, components)| format!("{}{}", if is_absolute { "/" } else { "" }, components.join("/")),
    )
}

#[derive(Debug, Clone)]
enum Step {
    Entry { flag: u8, name: String, target: String, contents: usize },
    Pax { path: Option<String>, linkpath: Option<String> },
    Long { flag: u8, name: String },
}

fn step() -> impl Strategy<Value = Step> {
    let flag = prop_oneof![
        6 => Just(b'0'),
        3 => Just(b'5'),
        8 => Just(b'2'),
        1 => prop::sample::select(b"\x001346S7gV".to_vec()),
    ];
    prop_oneof![
        12 => (flag, path(), path(), 0_usize..3000).prop_map(|(flag, name, target, contents)| {
            let contents = if matches!(flag, b'2' | b'5') { 0 } else { contents };
            Step::Entry { flag, name, target, contents }
        }),
        1 => (prop::option::of(path()), prop::option::of(path()))
            .prop_map(|(path, linkpath)| Step::Pax { path, linkpath }),
        1 => (prop::sample::select(b"LK".to_vec()), path()).prop_map(|(flag, name)| Step::Long { flag, name }),
    ]
}

fn build(steps: &[Step]) -> ArchiveBuilder {
    steps.iter().fold(new(), |archive, step| match step {
        Step::Entry { flag, name, target, contents } => {
            archive.entry(*flag, name, target, vec![b'x'; *contents])
        }
        Step::Pax { path, linkpath } => {
            let records = [("path", path), ("linkpath", linkpath)];
            let records: Vec<(&str, &[u8])> =
                records.iter().filter_map(|(key, it)| Some((*key, it.as_ref()?.as_bytes()))).collect();
            archive.pax(&records)
        }
        Step::Long { flag, name } => {
            archive.header(*flag, "././@LongLink", "", name.len() as u64).blocks(name)
        }
    })
}

fn bytes_of_files(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().map(|it| it.unwrap().path());
    entries
        .map(|path| match path.symlink_metadata().unwrap() {
            it if it.is_dir() => bytes_of_files(&path),
            it if it.is_file() => it.len(),
            _ => 0,
        })
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_written_outside_and_not_more_than_the_limit(
        steps in prop::collection::vec(step(), 1..12),
        max_unpacked_bytes in 512_u64..40_000,
        wants in any::<u8>(),
    ) {
        let place = Place::new();
        let archive = build(&steps).tar_gz().unwrap();
        let limits = Limits { max_unpacked_bytes, ..Limits::default() };
        let wanted = |path: &Path| wants.is_multiple_of(2) || !path.as_os_str().len().is_multiple_of(3);
        let result = unpack(&archive[..], &place.destination(), &limits, wanted);
        place.assert_outside_untouched();
        // After a refusal too, since the refused entry is not written.
        place.assert_links_stay_inside();
        prop_assert!(bytes_of_files(&place.destination()) <= max_unpacked_bytes);
        if let Ok(unpacked) = result {
            prop_assert!(unpacked.unpacked_bytes <= max_unpacked_bytes);
        }
    }

    #[test]
    fn links_made_of_anything_stay_inside(
        links in prop::collection::vec(
            (words(&["s", "t", "d", "d/s"], 1..2), words(&["s", "t", "d", "..", "..", "."], 1..4)),
            2..10,
        ),
    ) {
        // One by one, a refused one left out, so that many links come together.
        let mut kept = new().file("d/d/file", "").file("t", "");
        for (name, target) in links {
            let next = kept.clone().symlink(name, target);
            let place = Place::new();
            if place.unpack(next.clone().tar_gz().unwrap()).is_ok() {
                place.assert_links_stay_inside();
                kept = next;
            }
        }
    }
}

fn words(from: &'static [&'static str], count: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(from), count).prop_map(|it| it.join("/"))
}
