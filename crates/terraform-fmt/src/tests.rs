//! What holds for all files: nothing gets lost, nothing is slow, nothing is too deep.

mod lossless;
mod steps;

use std::path::PathBuf;

/// The inputs of the recorded cases, with their names.
fn vectors() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
    let files = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let inputs = files.filter(|it| it.extension().is_some_and(|it| it == "in"));
    inputs.map(|it| (it.clone(), std::fs::read(it).unwrap())).collect()
}
