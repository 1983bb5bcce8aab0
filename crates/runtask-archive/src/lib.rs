//! Unpacks a configuration version (tar.gz) into a directory: bounded, traversal-proof.
