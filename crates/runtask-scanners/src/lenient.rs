//! Reads JSON of strangers, of which a part may be odd: what is of another shape than expected is as if it were not there.
//!
//! It is read in one pass, and nothing recurses deeper than the types do: what is not expected is skipped without
//! recursion.

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A text, of the file where it stands there as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Text<'a>(Option<Cow<'a, str>>);

/// A whole number, also as `3.0`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Whole(pub(crate) Option<u32>);

/// A number, also as a text.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Number(pub(crate) Option<f64>);

/// `true` or `false`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flag(pub(crate) Option<bool>);

/// An object.
#[derive(Debug, Clone)]
pub(crate) struct Object<T>(pub(crate) Option<T>);

/// A list; an empty one where there is none.
#[derive(Debug, Clone)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

/// The first item of a list.
#[derive(Debug, Clone)]
pub(crate) struct First<T>(pub(crate) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Default for First<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Object<T> {
    pub(crate) const fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl Text<'_> {
    /// The text, where there is one that is not empty.
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|it| !it.is_empty())
    }
}

/// Makes of each shape of JSON but those that follow the default of the type.
macro_rules! default_for {
    ($($shape:ident)*) => { $(default_for!(@ $shape);)* };
    (@ boolean) => {
        fn visit_bool<E: Error>(self, _it: bool) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
    };
    (@ number) => {
        fn visit_i64<E: Error>(self, _it: i64) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
        fn visit_u64<E: Error>(self, _it: u64) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
        fn visit_f64<E: Error>(self, _it: f64) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
    };
    (@ text) => {
        fn visit_str<E: Error>(self, _it: &str) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
    };
    (@ null) => {
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
    };
    (@ list) => {
        fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Self::Value, S::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
    (@ object) => {
        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

/// A visitor of a type.
struct Of<T>(PhantomData<T>);

fn any<'de, T, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>
where
    Of<T>: Visitor<'de, Value = T>,
{
    deserializer.deserialize_any(Of(PhantomData))
}

fn expecting(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("JSON")
}

impl<'de> Visitor<'de> for Of<Text<'de>> {
    type Value = Text<'de>;
    default_for!(boolean number null list object);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting(f)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Some(Cow::Owned(text.to_owned()))))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any::<Text<'de>, D>(deserializer)
    }
}

impl<'de> Visitor<'de> for Of<Whole> {
    type Value = Whole;
    default_for!(boolean text null list object);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting(f)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Whole, E> {
        Ok(Whole(u32::try_from(number).ok()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Whole, E> {
        Ok(Whole(u32::try_from(number).ok()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Whole, E> {
        // What is whole is shown without a fraction.
        Ok(Whole(number.to_string().parse().ok()))
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any(deserializer)
    }
}

impl<'de> Visitor<'de> for Of<Number> {
    type Value = Number;
    default_for!(boolean null list object);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting(f)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
        Ok(Number(text.trim().parse().ok()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
        Ok(Number(Some(number)))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any(deserializer)
    }
}

impl<'de> Visitor<'de> for Of<Flag> {
    type Value = Flag;
    default_for!(number text null list object);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting(f)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Flag, E> {
        Ok(Flag(Some(flag)))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any(deserializer)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Of<Object<T>> {
    type Value = Object<T>;
    default_for!(boolean number text null list);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting(f)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Object<T>, M::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|it| Object(Some(it)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any(deserializer)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Of<List<T>> {
    type Value = List<T>;
    default_for!(boolean number text null object);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting(f)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<List<T>, S::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(List(items))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any(deserializer)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Of<First<T>> {
    type Value = First<T>;
    default_for!(boolean number text null object);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting(f)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<First<T>, S::Error> {
        let first = list.next_element()?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(First(first))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any(deserializer)
    }
}

/// The object in a text of JSON; nothing where it is something else.
pub(crate) fn object<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str::<Object<T>>(raw.get()).ok()?.0
}

/// Calls `found` with each item of a list; says whether it is one.
pub(crate) fn each<'a>(raw: &'a RawValue, found: impl FnMut(&'a RawValue)) -> bool {
    struct Each<F>(F);
    impl<'de, F: FnMut(&'de RawValue)> DeserializeSeed<'de> for Each<F> {
        type Value = ();

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
            deserializer.deserialize_seq(self)
        }
    }
    impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for Each<F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            expecting(f)
        }

        fn visit_seq<S: SeqAccess<'de>>(mut self, mut list: S) -> Result<(), S::Error> {
            while let Some(item) = list.next_element()? {
                (self.0)(item);
            }
            Ok(())
        }
    }
    Each(found).deserialize(&mut serde_json::Deserializer::from_str(raw.get())).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Odd<'a> {
        #[serde(borrow, default)]
        text: Text<'a>,
        #[serde(default)]
        line: Whole,
        #[serde(default)]
        first: First<Whole>,
    }

    type Seen = (Option<String>, Option<u32>, Option<u32>);

    fn odd(json: &str) -> Option<Seen> {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        let odd: Odd<'_> = object(raw)?;
        Some((odd.text.get().map(str::to_owned), odd.line.0, odd.first.0.and_then(|it| it.0)))
    }

    #[test]
    fn what_is_odd_is_not_there_and_the_rest_is() {
        let text = Some("a\n".to_owned());
        assert_eq!(odd(r#"{"text": "a\n", "line": 3, "first": [7, "x"]}"#), Some((text, Some(3), Some(7))));
        assert_eq!(odd(r#"{"text": 1, "line": 3.0, "first": []}"#), Some((None, Some(3), None)));
        assert_eq!(odd(r#"{"text": null, "line": -1, "first": {}}"#), Some((None, None, None)));
        assert_eq!(odd(r#"{"text": [{}], "line": 3.5, "first": ["x", 7]}"#), Some((None, None, None)));
        assert_eq!(odd(r#"{"text": "", "line": 1e30, "first": 7}"#), Some((None, None, None)));
        assert_eq!(odd(r#"{"text": {"a": [1]}, "line": true}"#), Some((None, None, None)));
        let deep = format!(r#"{{"text": {}{}, "line": 1}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(odd(&deep), Some((None, Some(1), None)));
        for none in
            ["[\"a\", 1]", "7", "null", "\"{}\"", r#"{"line": 1, "line": 2}"#, r#"{"text": "\ud800"}"#]
        {
            assert_eq!(odd(none), None, "{none}");
        }
    }

    #[test]
    fn a_number_may_be_a_text() {
        let number = |it| serde_json::from_str::<Number>(it).unwrap().0;
        assert_eq!(["8.0", "\" 8.0 \"", "8"].map(number), [Some(8.0); 3]);
        assert_eq!(["\"high\"", "[8]", "null"].map(number), [None; 3]);
    }
}
