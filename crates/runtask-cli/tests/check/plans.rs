//! Plans as people make them: in the encodings of their terminals, and files that are something else.

use crate::place::Place;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// S-09: the limit is for the JSON too, which may be many times the file that it is made of; what is more is not kept.
#[test]
fn a_saved_plan_has_the_limit_as_json() {
    let place = Place::with(&[("plan", "PK\x03\x04"), ("terraform", "#!/bin/sh\nexec yes '{}'\n")]);
    let script = place.path().join("terraform");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let place = place.variable("RUNTASK_TERRAFORM", script.to_str().unwrap());
    let place = place.variable("RUNTASK_MAX_PLAN_BYTES", "1000000");
    let said = place.run(&["check", "plan"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("the plan is larger than 1000000 bytes, the limit of RUNTASK_MAX_PLAN_BYTES"),
        "{}",
        said.err
    );
}
