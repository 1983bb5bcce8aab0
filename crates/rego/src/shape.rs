//! What is known of a value before anything is evaluated.

use crate::resolved::ConstantId;
use crate::types::Type;
use std::rc::Rc;

/// What a value can be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Any,
    Null,
    Boolean,
    Number,
    String,
    /// These items, and any number of others where there is a shape for them.
    Array(Vec<Rc<Shape>>, Option<Rc<Shape>>),
    Set(Rc<Shape>),
    /// These fields, in the order of their keys' numbers, and others where there are shapes for their keys and values.
    Object(Vec<(ConstantId, Rc<Shape>)>, Option<(Rc<Shape>, Rc<Shape>)>),
    OneOf(Vec<Rc<Shape>>),
}

/// How deep shapes are compared and made: below that, anything goes.
const MAX_DEPTH: usize = 12;

/// How many shapes can stand in one.
const MAX_PARTS: usize = 2_000;

/// How many shapes are compared to say whether two meet.
const MAX_COMPARISONS: usize = 20_000;

/// How many shapes a value can have before it is just any.
const MAX_ALTERNATIVES: usize = 12;

impl From<Type> for Shape {
    fn from(declared: Type) -> Self {
        let of = |it: &Type| Rc::new(Self::from(*it));
        match declared {
            Type::Any => Self::Any,
            Type::Null => Self::Null,
            Type::Boolean => Self::Boolean,
            Type::Number => Self::Number,
            Type::String => Self::String,
            Type::Array(item) => Self::Array(Vec::new(), Some(of(item))),
            Type::Tuple(items) => Self::Array(items.iter().map(of).collect(), None),
            Type::Set(item) => Self::Set(of(item)),
            Type::Object(key, value) => Self::Object(Vec::new(), Some((of(key), of(value)))),
            Type::Record(..) => Self::Object(Vec::new(), Some((Rc::new(Self::Any), Rc::new(Self::Any)))),
            Type::OneOf(types) => Self::OneOf(types.iter().map(of).collect()),
        }
    }
}

impl Shape {
    /// What can be either.
    pub(crate) fn or(self: &Rc<Self>, other: &Rc<Self>) -> Rc<Self> {
        let mut all: Vec<Rc<Self>> = Vec::new();
        for shape in [self, other] {
            match &**shape {
                Self::OneOf(shapes) => all.extend(shapes.iter().cloned()),
                _ => all.push(Rc::clone(shape)),
            }
        }
        let mut distinct: Vec<Rc<Self>> = Vec::new();
        for shape in all {
            if *shape == Self::Any {
                return shape;
            }
            if !distinct.contains(&shape) {
                distinct.push(shape);
            }
        }
        match distinct.as_slice() {
            [only] => Rc::clone(only),
            many if many.len() > MAX_ALTERNATIVES => Rc::new(Self::Any),
            _ => Rc::new(Self::OneOf(distinct)),
        }
    }

    /// What can be either, of what two definitions of a rule make: objects of any keys become one.
    pub(crate) fn with(self: &Rc<Self>, other: &Rc<Self>) -> Rc<Self> {
        match (&**self, &**other) {
            (Self::Object(a, Some((a_key, a_value))), Self::Object(b, Some((b_key, b_value))))
                if a.is_empty() && b.is_empty() =>
            {
                Rc::new(Self::Object(Vec::new(), Some((a_key.or(b_key), a_value.with(b_value)))))
            }
            _ => self.or(other),
        }
    }

    /// An array of these and no others. Of one without items nothing is known, as in OPA.
    pub(crate) fn array(items: Vec<Rc<Self>>) -> Self {
        let rest = items.is_empty().then(|| Rc::new(Self::Any));
        Self::Array(items, rest)
    }

    /// An object of these fields and no others. Of one without fields nothing is known, as in OPA.
    pub(crate) fn object(mut fields: Vec<(ConstantId, Rc<Self>)>) -> Self {
        fields.sort_by_key(|it| it.0);
        let rest = fields.is_empty().then(|| (Rc::new(Self::Any), Rc::new(Self::Any)));
        Self::Object(fields, rest)
    }

    /// The same, or just any value where it is too large to be followed.
    pub(crate) fn bounded(self: Rc<Self>) -> Rc<Self> {
        if self.is_within(MAX_DEPTH, &mut MAX_PARTS.clone()) { self } else { Rc::new(Self::Any) }
    }

    fn is_within(&self, depth: usize, parts: &mut usize) -> bool {
        let (Some(depth), Some(left)) = (depth.checked_sub(1), parts.checked_sub(1)) else { return false };
        *parts = left;
        match self {
            Self::Array(items, rest) => items.iter().chain(rest).all(|it| it.is_within(depth, parts)),
            Self::Set(item) => item.is_within(depth, parts),
            Self::Object(fields, rest) => {
                fields.iter().all(|(_, it)| it.is_within(depth, parts))
                    && rest.as_ref().is_none_or(|(key, value)| {
                        key.is_within(depth, parts) && value.is_within(depth, parts)
                    })
            }
            Self::OneOf(shapes) => shapes.iter().all(|it| it.is_within(depth, parts)),
            _ => true,
        }
    }

    /// Whether a value can be both. Where that takes too long to say, it can.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.can_be(other, &mut MAX_COMPARISONS.clone())
    }

    fn can_be(&self, other: &Self, left: &mut usize) -> bool {
        let Some(fewer) = left.checked_sub(1) else { return true };
        *left = fewer;
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::OneOf(shapes), it) | (it, Self::OneOf(shapes)) => {
                shapes.iter().any(|other| other.can_be(it, left))
            }
            (Self::Array(a, a_rest), Self::Array(b, b_rest)) => {
                let at = |items: &[Rc<Self>], rest: &Option<Rc<Self>>, index| {
                    items.get(index).or(rest.as_ref()).map(Rc::clone)
                };
                (0..a.len().max(b.len())).all(|index| match (at(a, a_rest, index), at(b, b_rest, index)) {
                    (Some(a), Some(b)) => a.can_be(&b, left),
                    _ => false,
                }) && a_rest.iter().zip(b_rest).all(|(a, b)| a.can_be(b, left))
            }
            // Even the empty one is taken for one of its kind, as in OPA.
            (Self::Set(a), Self::Set(b)) => a.can_be(b, left),
            (Self::Object(a, a_rest), Self::Object(b, b_rest)) => {
                a.iter().all(|(key, it)| has(b, b_rest.as_ref(), *key, it, left))
                    && b.iter().all(|(key, it)| has(a, a_rest.as_ref(), *key, it, left))
                    && a_rest.iter().zip(b_rest).all(|((_, a), (_, b))| a.can_be(b, left))
            }
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }

    /// What an item of it is where the key is not known; `None` where it can have no items.
    pub(crate) fn item(&self) -> Option<(Rc<Self>, Rc<Self>)> {
        let any = || Rc::new(Self::Any);
        let union = |shapes: Vec<Rc<Self>>| shapes.into_iter().reduce(|a, b| a.or(&b)).unwrap_or_else(any);
        match self {
            Self::Any => Some((any(), any())),
            Self::Array(items, rest) => {
                Some((Rc::new(Self::Number), union(items.iter().chain(rest).cloned().collect())))
            }
            Self::Set(item) => Some((Rc::clone(item), Rc::clone(item))),
            Self::Object(fields, rest) => {
                let values = fields.iter().map(|(_, it)| it).chain(rest.as_ref().map(|(_, it)| it));
                let key = match rest {
                    Some((key, _)) if fields.is_empty() => Rc::clone(key),
                    _ => any(),
                };
                Some((key, union(values.cloned().collect())))
            }
            Self::OneOf(shapes) => {
                let items: Vec<_> = shapes.iter().filter_map(|it| it.item()).collect();
                items.into_iter().reduce(|a, b| (a.0.or(&b.0), a.1.or(&b.1)))
            }
            Self::Null | Self::Boolean | Self::Number | Self::String => None,
        }
    }

    /// What stands at a constant key; `None` where nothing can.
    pub(crate) fn at(&self, key: ConstantId, shape: &Self, index: Option<usize>) -> Option<Rc<Self>> {
        match self {
            Self::Any => Some(Rc::new(Self::Any)),
            Self::Array(items, rest) => match index {
                Some(index) => items.get(index).or(rest.as_ref()).cloned(),
                None => shape.meets(&Self::Number).then(|| Rc::new(Self::Any)),
            },
            // An item of a set is its own key.
            Self::Set(item) => item.meets(shape).then(|| Rc::new(shape.clone())),
            Self::Object(fields, rest) => match field(fields, key) {
                Some(it) => Some(Rc::clone(it)),
                None => rest.as_ref().filter(|(keys, _)| keys.meets(shape)).map(|(_, it)| Rc::clone(it)),
            },
            Self::OneOf(shapes) => {
                let found: Vec<_> = shapes.iter().filter_map(|it| it.at(key, shape, index)).collect();
                found.into_iter().reduce(|a, b| a.or(&b))
            }
            Self::Null | Self::Boolean | Self::Number | Self::String => None,
        }
    }

    /// The word for it in messages.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array(..) => "an array",
            Self::Set(_) => "a set",
            Self::Object(..) => "an object",
            Self::OneOf(_) => "one of several types",
        }
    }
}

/// Whether an object can have a field of this shape.
fn has(
    fields: &[(ConstantId, Rc<Shape>)],
    rest: Option<&(Rc<Shape>, Rc<Shape>)>,
    key: ConstantId,
    shape: &Shape,
    left: &mut usize,
) -> bool {
    match (field(fields, key), rest) {
        (Some(it), _) => it.can_be(shape, left),
        (None, rest) => rest.is_some_and(|(_, it)| it.can_be(shape, left)),
    }
}

fn field(fields: &[(ConstantId, Rc<Shape>)], key: ConstantId) -> Option<&Rc<Shape>> {
    let at = fields.binary_search_by_key(&key, |it| it.0).ok()?;
    fields.get(at).map(|it| &it.1)
}
