//! Kinds of tables: which keys each can have, and what may stand there. What reads a file and what describes it to editors
//! (`runtask schema`) both look here.

use std::borrow::Cow;

/// A kind of table: how it is written, and the keys that it can have.
#[derive(Debug, Clone)]
pub struct Kind {
    name: &'static str,
    keys: Cow<'static, [Key]>,
}

/// A key of a table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What may stand there.
    pub form: Form,
    /// What it means, in a line.
    pub about: &'static str,
    /// Whether a table without it is wrong, whatever else it has.
    pub is_required: bool,
}

/// What may stand at a key. Texts are neither empty nor strange, and lists of them have no text twice.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// A text.
    Text,
    /// A list of texts, at least one.
    Texts,
    /// `true` or `false`.
    Boolean,
    /// A whole number from the first to the second.
    Number(u64, u64),
    /// A list of such numbers.
    Numbers(u64, u64),
    /// A day.
    Date,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of these words, at least one.
    Words(&'static [&'static str]),
    /// A table of this kind.
    Table(&'static Kind),
    /// A list of tables of this kind.
    Tables(&'static Kind),
    /// A table whose keys are names of the user's own, each with a table of this kind.
    NamedTables(&'static Kind),
    /// A table whose keys are names of the user's own, each with a list of texts.
    NamedTexts,
    /// Anything, for somebody else to read.
    Anything,
    /// A list of names of checks, at least one.
    Checks,
    /// The tasks.
    Tasks,
    /// The channels that are told of results.
    Channels,
}

/// The words of pairs of a word and what it stands for, for [`Form::Word`].
#[must_use]
#[expect(
    clippy::indexing_slicing,
    reason = "the loop ends where the array does, and a mistake would not compile"
)]
pub const fn words<T, const N: usize>(pairs: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut words = [""; N];
    let mut at = 0;
    while at < N {
        words[at] = pairs[at].0;
        at += 1;
    }
    words
}

impl Key {
    /// A key that may be left out.
    #[must_use]
    pub const fn new(name: &'static str, form: Form, about: &'static str) -> Self {
        Self { name, form, about, is_required: false }
    }

    /// A key that has to be there.
    #[must_use]
    pub const fn required(name: &'static str, form: Form, about: &'static str) -> Self {
        Self { name, form, about, is_required: true }
    }
}

impl Kind {
    /// The kind that is written `name`, such as "`[tasks.NAME.policy]`", with these keys.
    #[must_use]
    pub const fn new(name: &'static str, keys: &'static [Key]) -> Self {
        Self { name, keys: Cow::Borrowed(keys) }
    }

    /// With these keys too.
    pub(crate) fn and(&self, keys: impl Iterator<Item = Key>) -> Self {
        Self { name: self.name, keys: self.keys.iter().copied().chain(keys).collect() }
    }

    /// How it is written.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The key of this name.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|it| it.name == name)
    }

    /// Whether it can have a key of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.key(name).is_some()
    }

    /// The names of the keys.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().map(|it| it.name)
    }

    /// The kinds of tables below it, each before those below that.
    #[must_use]
    pub fn below(&self) -> Vec<&'static Kind> {
        let direct = self.keys.iter().filter_map(|key| match key.form {
            Form::Table(kind) | Form::Tables(kind) | Form::NamedTables(kind) => Some(kind),
            _ => None,
        });
        direct.flat_map(|kind| std::iter::once(kind).chain(kind.below())).collect()
    }
}
