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
    /// An object: the types of the values at these keys, and what others may be. Where others may be, none of these must be
    /// there; otherwise exactly these are.
    Record(&'static [(&'static str, Type)], Option<(&'static Type, &'static Type)>),
    /// One of these.
    OneOf(&'static [Type]),
}

/// An array of anything.
pub(crate) const ARRAY: Type = Type::Array(&Type::Any);

/// A set of anything.
pub(crate) const SET: Type = Type::Set(&Type::Any);

/// An object of anything.
pub(crate) const OBJECT: Type = Type::Object(&Type::Any, &Type::Any);

/// An array of texts.
pub(crate) const STRINGS: Type = Type::Array(&Type::String);

/// An object with keys that are texts.
pub(crate) const NAMED: Type = Type::Object(&Type::String, &Type::Any);
