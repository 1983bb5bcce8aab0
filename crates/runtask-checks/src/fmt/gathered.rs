//! Collects the verdicts on files, in any order, and as many of their diffs as there is room for.

use super::diff::{BYTES_LIMIT, Diff};
use super::judged::{Judged, Verdicts};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Verdicts so far. Of the diffs, those of the first files in alphabetical order are kept, whichever came first.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    verdicts: Verdicts,
    /// The lengths of the diffs that are kept.
    lengths: BTreeMap<PathBuf, usize>,
    total: usize,
}

impl Gathered {
    /// Adds the verdict on a file, in place of an earlier one.
    pub(super) fn add(&mut self, path: PathBuf, judged: Judged) {
        self.remove(&path);
        if let Judged::Unformatted(difference) = &judged {
            self.total += difference.length();
            self.lengths.insert(path.clone(), difference.length());
        }
        self.verdicts.insert(path, judged);
        while let Some(last) = self.lengths.last_entry()
            && self.total - last.get() >= BYTES_LIMIT
        {
            let (path, length) = last.remove_entry();
            self.total -= length;
            if let Some(Judged::Unformatted(difference)) = self.verdicts.get_mut(&path) {
                difference.diff = Diff::TooMany;
            }
        }
    }

    /// Forgets the verdict on a file.
    pub(super) fn remove(&mut self, path: &Path) {
        self.total -= self.lengths.remove(path).unwrap_or_default();
        self.verdicts.remove(path);
    }

    /// The verdicts.
    pub(super) fn into_verdicts(self) -> Verdicts {
        self.verdicts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fmt::diff::Difference;

    /// A diff of a third of what all may have.
    fn third() -> Judged {
        let diff = Diff::Hunks("x".repeat(BYTES_LIMIT / 3 + 1));
        Judged::Unformatted(Difference { line: 7, diff })
    }

    #[test]
    fn the_first_diffs_are_kept_whatever_the_order() {
        for order in [["a", "b", "c", "d", "e"], ["e", "c", "a", "d", "b"], ["e", "d", "c", "b", "a"]] {
            let mut gathered = Gathered::default();
            for name in order {
                gathered.add(name.into(), third());
                // Twice is once.
                gathered.add(name.into(), third());
            }
            let shown = gathered.into_verdicts().into_iter().map(|(path, judged)| match judged {
                Judged::Unformatted(Difference { line: 7, diff: Diff::Hunks(_) }) => (path, true),
                Judged::Unformatted(Difference { line: 7, diff: Diff::TooMany }) => (path, false),
                other => panic!("{other:?}"),
            });
            let expected = ["a", "b", "c", "d", "e"].map(|it| (PathBuf::from(it), it < "d"));
            assert_eq!(shown.collect::<Vec<_>>(), expected);
        }
    }
}
