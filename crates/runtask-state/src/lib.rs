//! What is remembered between calls: claims on task results.
