#![doc = include_str!("../README.md")]

mod checkov;
mod collect;
mod cost;
mod files;
mod findings;
mod found;
mod grade;
mod launch;
mod lenient;
mod plan_copy;
mod profile;
mod profiles;
mod read_settings;
mod run;
mod sarif;
mod sarif_files;
mod scan;
mod scanner;
mod settings;
mod tree;
mod trivy;
mod validate;
mod words;

pub use cost::{Cost, CostSettings};
pub use grade::{FailOn, Thresholds};
pub use profile::{Command, Config, Profile, Reader};
pub use profiles::{PROFILES, profile};
pub use sarif::{Reading, read_sarif};
pub use sarif_files::judge_files;
pub use scan::{Issue, MAX_ISSUES, MAX_OUTPUT_BYTES, ReadError, Scan, Suppressed};
pub use scanner::Scanner;
pub use settings::{Input, ScannerSettings};
pub use tree::Tree;
