//! The check `cost`: what a plan changes about the monthly cost, by Infracost or c3x, and whether that is over a limit.

mod c3x;
mod check;
mod estimate;
mod infracost;
mod money;
mod read_settings;
mod report;
mod settings;

pub use check::Cost;
pub use settings::CostSettings;
