//! Reads arbitrary bytes as what `terraform fmt` prints to stderr.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runtask_checks::fmt::output::diagnostics;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let found = diagnostics(bytes);
    assert!(found.len() <= text.matches("Error: ").count());
    for error in &found {
        assert!(text.contains(&error.summary) && text.contains(&error.detail));
        assert!(!error.summary.contains('\n'));
        if let Some(place) = &error.place {
            assert!(!place.file.is_empty() && !place.file.contains('\n') && place.line > 0);
            assert!(text.contains(&format!("  on {} line ", place.file)));
            assert!(text.contains(&place.rest));
        }
    }
    // What is shown of an error reads back as that error.
    for error in &found {
        let file = error.place.as_ref().map_or("", |it| it.file.as_str());
        let again = diagnostics(format!("\n{}", error.text(file)).as_bytes());
        assert_eq!(again.first().map(|it| &it.summary), Some(&error.summary));
        assert_eq!(again.first().map(|it| &it.place), Some(&error.place));
    }
});
