//! Types of values, as far as they are known before anything is evaluated.

/// A type, as the declarations of functions write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// Anything.
    Any,
    /// `null`.
    Null,
    /// A truth value.
    Boolean,
    /// A number.
    Number,
    /// A text.
    String,
    /// An array of any length.
    Array(&'static Type),
    /// An array of exactly these.
    Tuple(&'static [Type]),
    /// A set.
    Set(&'static Type),
    /// An object: the types of its keys and of its values.
    Object(&'static Type, &'static Type),
    /// One of these.
    OneOf(&'static [Type]),
}
