//! Reads a plan, and copies it for programs that are not ours.

use crate::launch::private_file;
use runtask_policy::{MemoryLimit, SensitivePlan};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// Why there is no plan, where one cannot be read.
const UNREADABLE: &str = "the plan could not be read";

/// Reads a plan, or says why it cannot be read.
pub(crate) async fn read_plan(plan: &File, memory: MemoryLimit) -> Result<Arc<SensitivePlan>, String> {
    let plan = plan.try_clone().map_err(|_full| UNREADABLE.to_owned())?;
    let read = spawn_blocking(move || SensitivePlan::read(&plan, memory)).await;
    read.unwrap_or_else(|_panicked| Err(UNREADABLE.to_owned())).map(Arc::new)
}

/// Writes a copy without what the plan marks as sensitive.
pub(crate) fn write_plan(plan: &SensitivePlan, to: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(private_file(to)?);
    plan.write_redacted(&mut file)?;
    file.flush()
}
