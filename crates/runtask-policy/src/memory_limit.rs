//! Bounds the memory that evaluating policies takes.

use runtask_settings::{SettingsReader, numbers};

/// The memory that a Lambda function keeps for everything else.
const MEMORY_KEPT_BYTES: u64 = 96 << 20;

/// How many rules are asked at a time, where there are processors.
pub(crate) const AT_A_TIME: usize = 2;

/// Bytes that a plan and the rules that are asked about it may take together: one half is the plan's, and the other one is
/// shared by the rules that are asked at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLimit(pub u64);

impl MemoryLimit {
    /// `RUNTASK_POLICY_MEMORY_BYTES`: 1 GiB unless set, and less in a function that has less.
    pub fn from_settings(settings: &mut SettingsReader<'_>) -> Self {
        // A function has so many MB; policies that take them all take the function with them.
        let of_function =
            settings.text("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|it| it.parse::<u64>().ok());
        let of_function = of_function.map(|it| (it << 20).saturating_sub(MEMORY_KEPT_BYTES));
        let default =
            of_function.map_or(numbers::POLICY_MEMORY.default, |it| it.min(numbers::POLICY_MEMORY.default));
        Self(settings.number_or(&numbers::POLICY_MEMORY, default))
    }

    /// The plan's.
    pub(crate) fn of_plan(self) -> u64 {
        self.0 / 2
    }

    /// That of one rule. It is the same however many are asked at a time: what a rule finds depends on no machine.
    pub(crate) fn of_rule(self) -> u64 {
        self.0 / 2 / AT_A_TIME as u64
    }
}
