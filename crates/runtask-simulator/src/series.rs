//! Tries a run task with many faults.

use crate::record::Record;
use crate::simulator::Simulator;
use crate::spec::{RunSpec, Target};
use futures_util::stream::{self, StreamExt};
use std::io;

impl Simulator {
    /// Simulates these runs, as many as `together` at the same time; `each` gets their records, in the order of the
    /// runs.
    ///
    /// `control` is the record of the same run without any fault: where a fault should make no difference, another
    /// verdict than its is wrong.
    ///
    /// # Errors
    ///
    /// As [`Simulator::run`].
    pub async fn run_each(
        &self,
        target: &Target,
        runs: Vec<RunSpec>,
        control: &Record,
        together: usize,
        mut each: impl FnMut(Record),
    ) -> io::Result<()> {
        let runs = runs.into_iter().map(|spec| self.run(target, spec, |_event| {}));
        let mut records = stream::iter(runs).buffered(together);
        while let Some(record) = records.next().await {
            let mut record = record?;
            record.compare(control);
            each(record);
        }
        Ok(())
    }
}
