//! What comprehensions and rules collect.

use crate::heap::Value;
use crate::taint::Taint;

/// Something that a block or a rule has collected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    /// Of an object its key, of a partial rule the operands of its head.
    pub(crate) key: Value,
    pub(crate) value: Value,
    pub(crate) contains: bool,
    pub(crate) taint: Taint,
}
