//! How deep, and how large.

/// How deep blocks, brackets and directives may stand in each other; a file that is deeper is in doubt.
///
/// Terraform takes 50 000 and more. Files that people write have less than 30, and each level takes some of the machine's
/// stack: 256 of them fit into half a mebibyte, also without optimization.
pub const MAX_DEPTH: usize = 256;

/// How many bytes a file may have; a larger one is in doubt.
///
/// Terraform takes the square of the number of arguments, so it is no judge of such files.
pub const MAX_INPUT_BYTES: usize = 1 << 30;
