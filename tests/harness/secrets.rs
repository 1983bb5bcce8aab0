//! Looks for secrets where there should be none.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use url::form_urlencoded::byte_serialize;

/// Asserts that none of `secrets` stands in `text`: as it is, escaped, percent-encoded, in hex, in base64, or as
/// `Debug` prints bytes.
///
/// # Panics
///
/// With the number of the secret, the form and the line; or if a secret is too short to be told from other text.
pub fn assert_no_secrets(text: &str, secrets: &[&str]) {
    for (index, secret) in secrets.iter().enumerate() {
        assert!(secret.len() >= 8, "secret {index} is too short to look for");
        for (form, written) in forms(secret) {
            if let Some((number, line)) = text.lines().enumerate().find(|(_, line)| line.contains(&written)) {
                panic!("secret {index} stands, {form}, in line {}: {line}", number + 1);
            }
        }
    }
}

/// The ways in which a secret gets written by accident.
fn forms(secret: &str) -> [(&'static str, String); 7] {
    let bytes = secret.as_bytes();
    let json = serde_json::to_string(secret).unwrap();
    let list = format!("{bytes:?}");
    [
        ("as it is", secret.to_owned()),
        ("escaped", json.trim_matches('"').to_owned()),
        ("percent-encoded", byte_serialize(bytes).collect()),
        ("in hex", hex::encode(bytes)),
        ("in base64", BASE64_STANDARD_NO_PAD.encode(bytes)),
        ("in base64 for URLs", BASE64_URL_SAFE_NO_PAD.encode(bytes)),
        ("as a list of bytes", list.trim_matches(['[', ']']).to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "hunter2/\"+hunter2";

    #[test]
    fn other_text_passes() {
        assert_no_secrets("", &[SECRET]);
        assert_no_secrets("nothing here\nhunter2 alone is another word", &[SECRET]);
    }

    #[test]
    fn every_form_is_found() {
        for (form, written) in forms(SECRET) {
            let text = format!("first\nsecond {written} end");
            let found = std::panic::catch_unwind(|| assert_no_secrets(&text, &["other-secret", SECRET]));
            let message = *found.unwrap_err().downcast::<String>().unwrap();
            assert!(message.starts_with("secret 1 stands, "), "{form}: {message}");
            assert!(message.contains(", in line 2: second "), "{form}: {message}");
        }
    }
}
