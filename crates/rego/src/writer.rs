//! A text that grows no further than it may.

use crate::heap::{Heap, HeapError};

/// A text that is written piece by piece, and not longer than fits into the heap that it is for.
#[derive(Debug)]
pub(crate) struct Writer {
    text: String,
    left: usize,
}

impl Writer {
    pub(crate) fn new(heap: &Heap) -> Self {
        Self { text: String::new(), left: heap.left() }
    }

    pub(crate) fn push_str(&mut self, text: &str) -> Result<(), HeapError> {
        self.left = self.left.checked_sub(text.len()).ok_or(HeapError::Exhausted)?;
        self.text.push_str(text);
        Ok(())
    }

    pub(crate) fn push(&mut self, it: char) -> Result<(), HeapError> {
        self.push_str(it.encode_utf8(&mut [0; 4]))
    }

    /// Writes a text `count` times.
    pub(crate) fn repeat(&mut self, text: &str, count: usize) -> Result<(), HeapError> {
        let length = text.len().checked_mul(count).ok_or(HeapError::Exhausted)?;
        self.left = self.left.checked_sub(length).ok_or(HeapError::Exhausted)?;
        self.text.extend(std::iter::repeat_n(text, count));
        Ok(())
    }

    /// Another text, for what room is left.
    pub(crate) fn rest(&self) -> Self {
        Self { text: String::new(), left: self.left }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}
