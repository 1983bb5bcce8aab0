//! Looks at values in a heap of the policy engine: a plan, or what a rule yields.

use rego::{Heap, Number, Value, View};
use serde_json::{Map, Value as Json};

/// A value where one is, or nothing: what is looked for in nothing is nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'h> {
    heap: &'h Heap,
    value: Option<Value>,
}

impl<'h> Node<'h> {
    /// A value of a heap.
    pub(crate) fn new(heap: &'h Heap, value: Value) -> Self {
        Self { heap, value: Some(value) }
    }

    /// Nothing, where something could have been.
    pub(crate) fn nothing(instead_of: Self) -> Self {
        Self { value: None, ..instead_of }
    }

    /// The value, where there is one.
    pub(crate) fn view(self) -> Option<View<'h>> {
        self.value.map(|it| self.heap.view(it))
    }

    /// The value itself.
    pub(crate) fn value(self) -> Option<Value> {
        self.value
    }

    /// Whether something in it is not known.
    pub(crate) fn has_unknown(self) -> bool {
        self.value.is_some_and(Value::has_unknown)
    }

    /// Whether there is a value.
    pub(crate) fn exists(self) -> bool {
        self.value.is_some()
    }

    /// What an object has for a key.
    pub(crate) fn get(self, key: &str) -> Self {
        Self { value: self.value.and_then(|it| self.heap.get_text(it, key)), ..self }
    }

    /// What a list has at an index.
    pub(crate) fn at(self, index: usize) -> Self {
        let value = match self.view() {
            Some(View::Array(items)) => items.get(index).copied(),
            _ => None,
        };
        Self { value, ..self }
    }

    /// The text, where it is one.
    pub(crate) fn text(self) -> Option<&'h str> {
        match self.view() {
            Some(View::String(it)) => Some(it),
            _ => None,
        }
    }

    /// Whether it is this truth value.
    pub(crate) fn is(self, truth: bool) -> bool {
        matches!(self.view(), Some(View::Bool(it)) if it == truth)
    }

    /// Whether it is an object.
    pub(crate) fn is_object(self) -> bool {
        matches!(self.view(), Some(View::Object(_)))
    }

    /// The elements of a list or set; nothing has none.
    pub(crate) fn items(self) -> impl ExactSizeIterator<Item = Self> {
        let items = match self.view() {
            Some(View::Array(items) | View::Set(items)) => items,
            _ => &[],
        };
        items.iter().map(move |it| Self::new(self.heap, *it))
    }

    /// The keys and values of an object; nothing has none.
    pub(crate) fn pairs(self) -> impl Iterator<Item = (Self, Self)> {
        let pairs = match self.view() {
            Some(View::Object(pairs)) => pairs,
            _ => &[],
        };
        let node = move |it| Self::new(self.heap, it);
        pairs.iter().map(move |[key, value]| (node(*key), node(*value)))
    }

    /// As JSON: sets are lists, and keys that are no texts are shown. What is not known is null.
    pub(crate) fn json(self) -> Json {
        match self.view() {
            None | Some(View::Null | View::Unknown(_)) => Json::Null,
            Some(View::Bool(it)) => Json::Bool(it),
            Some(View::String(it)) => Json::String(it.to_owned()),
            Some(View::Number(it)) => {
                let text = number_text(it);
                serde_json::from_str(&text).unwrap_or(Json::String(text))
            }
            Some(View::Array(_) | View::Set(_)) => self.items().map(Self::json).collect(),
            Some(View::Object(_)) => {
                let key = |key: Self| key.text().map_or_else(|| key.json().to_string(), str::to_owned);
                self.pairs().map(|(name, value)| (key(name), value.json())).collect::<Map<_, _>>().into()
            }
        }
    }
}

/// A number as it is written.
pub(crate) fn number_text(number: Number<'_>) -> String {
    match number {
        Number::Integer(it) => it.to_string(),
        Number::Text(it) => it.to_owned(),
    }
}

/// Puts JSON into a heap.
pub(crate) fn from_json(heap: &mut Heap, json: &Json) -> Result<Value, rego::JsonError> {
    // The heap has a reader of its own, which takes any depth that a heap can hold.
    rego::parse_json(heap, json.to_string().as_bytes())
}
