//! A file of policies and its syntax.

use crate::source_file::SourceFile;
use rego::syntax::Module;

/// A file of policies and its syntax.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parsed<'a> {
    pub(crate) file: &'a SourceFile,
    pub(crate) module: &'a Module,
}
