//! Reads arbitrary bytes as what `terraform fmt` prints to stderr.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runtask_checks::fmt::output::diagnostics;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let found = diagnostics(bytes);
    assert!(found.len() <= text.matches("Error: ").count());
    for error in &found {
        assert!(text.contains(&error.summary) && !error.summary.contains('\n'));
        if let Some(place) = &error.place {
            assert!(!place.file.is_empty() && !place.file.contains('\n') && place.line > 0);
            assert!(text.contains(&format!("  on {} line ", place.file)));
        }
    }
});
