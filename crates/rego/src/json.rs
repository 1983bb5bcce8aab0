//! Reads JSON into a heap: in one pass, without recursion, keys that come again only once.

use crate::heap::{Heap, HeapError, MAX_DEPTH, Value};

/// Why a text is no JSON that can be read. It quotes nothing of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// It is written wrong.
    #[error("line {line}, column {column}: {problem}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The character in the line, from 1.
        column: usize,
        /// What was expected, or is wrong.
        problem: &'static str,
    },
    /// It is too large, or nested too deep.
    #[error(transparent)]
    Heap(#[from] HeapError),
}

/// Reads one value, which must be all there is.
///
/// Numbers are kept as they are written. Of equal keys the last one counts. Half a surrogate pair is read as U+FFFD.
///
/// # Errors
///
/// When it is not JSON, not UTF-8, or more than the heap may hold.
pub fn parse(heap: &mut Heap, json: &[u8]) -> Result<Value, JsonError> {
    let text = match str::from_utf8(json) {
        Ok(text) => text,
        Err(error) => {
            let valid = json.get(..error.valid_up_to()).unwrap_or_default();
            return Err(at(valid, valid.len(), "this is not UTF-8"));
        }
    };
    heap.expect(json.len());
    let mut reader = Reader {
        heap,
        text,
        bytes: text.as_bytes(),
        position: 0,
        keys: Box::new([None; PLACES]),
        values: Vec::new(),
        pairs: Vec::new(),
        buffer: String::new(),
    };
    reader.document().map_err(|stopped| match stopped {
        Stopped::Wrong(problem) => at(json, reader.position, problem),
        Stopped::Heap(error) => error.into(),
    })
}

/// Whether a text is a number as JSON writes them.
pub(crate) fn is_number(text: &str) -> bool {
    !text.is_empty() && number_length(text.as_bytes()) == Some(text.len())
}

struct Reader<'h, 't> {
    heap: &'h mut Heap,
    text: &'t str,
    bytes: &'t [u8],
    position: usize,
    /// Keys that were read last, and what they are in the heap: one for each place that a key can have.
    keys: Box<[Option<(&'t str, Value)>; PLACES]>,
    /// Items of the arrays that are open, one array after the other.
    values: Vec<Value>,
    /// Keys and values of the objects that are open. The value of the last one of each is still to come.
    pairs: Vec<[Value; 2]>,
    /// Where texts with escapes are put together.
    buffer: String,
}

/// An array or object that is not at its end.
enum Open {
    /// Its items begin here.
    Array(usize),
    /// Its pairs begin here.
    Object(usize),
}

enum Stopped {
    Wrong(&'static str),
    Heap(HeapError),
}

impl From<HeapError> for Stopped {
    fn from(error: HeapError) -> Self {
        Self::Heap(error)
    }
}

const SURROGATE: u32 = 0xd800;
const LOW_SURROGATE: u32 = 0xdc00;
const AFTER_SURROGATES: u32 = 0xe000;

impl<'t> Reader<'_, 't> {
    fn document(&mut self) -> Result<Value, Stopped> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            let mut value = match self.next() {
                Some(b'{') => {
                    self.enter(&open)?;
                    if self.next() == Some(b'}') {
                        self.position += 1;
                        self.heap.object_from(&mut self.pairs, usize::MAX)?
                    } else {
                        open.push(Open::Object(self.pairs.len()));
                        self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.enter(&open)?;
                    if self.next() == Some(b']') {
                        self.position += 1;
                        self.heap.array(&[])?
                    } else {
                        open.push(Open::Array(self.values.len()));
                        continue;
                    }
                }
                _ => self.scalar()?,
            };
            // What ends with this value, and what ends with that.
            loop {
                match open.last() {
                    None => {
                        return if self.next().is_none() {
                            Ok(value)
                        } else {
                            Err(Stopped::Wrong("the text should end here"))
                        };
                    }
                    Some(Open::Array(start)) => {
                        self.values.push(value);
                        match self.next() {
                            Some(b',') => {}
                            Some(b']') => {
                                value = self.heap.array(self.values.get(*start..).unwrap_or_default())?;
                                self.values.truncate(*start);
                                self.position += 1;
                                open.pop();
                                continue;
                            }
                            _ => return Err(Stopped::Wrong("a comma or ] should stand here")),
                        }
                        self.position += 1;
                    }
                    Some(Open::Object(start)) => {
                        if let Some(pair) = self.pairs.last_mut() {
                            pair[1] = value;
                        }
                        match self.next() {
                            Some(b',') => {}
                            Some(b'}') => {
                                value = self.heap.object_from(&mut self.pairs, *start)?;
                                self.position += 1;
                                open.pop();
                                continue;
                            }
                            _ => return Err(Stopped::Wrong("a comma or } should stand here")),
                        }
                        self.position += 1;
                        self.key()?;
                    }
                }
                break;
            }
        }
    }

    /// The next byte that is no white space.
    fn next(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.position) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.position += 1,
                other => return other.copied(),
            }
        }
    }

    fn enter(&mut self, open: &[Open]) -> Result<(), Stopped> {
        self.position += 1;
        if open.len() < MAX_DEPTH { Ok(()) } else { Err(HeapError::TooDeep.into()) }
    }

    fn key(&mut self) -> Result<(), Stopped> {
        if self.next() != Some(b'"') {
            return Err(Stopped::Wrong("a key in quotes should stand here"));
        }
        let key = match self.plain()? {
            Some(text) => match self.keys.get_mut(place(text)) {
                Some(Some((known, key))) if *known == text => *key,
                Some(known) => {
                    let key = self.heap.string(text)?;
                    *known = Some((text, key));
                    key
                }
                None => self.heap.string(text)?,
            },
            None => self.escaped()?,
        };
        if self.next() != Some(b':') {
            return Err(Stopped::Wrong("a colon should stand here"));
        }
        self.position += 1;
        self.pairs.push([key, Value::NULL]);
        Ok(())
    }

    fn scalar(&mut self) -> Result<Value, Stopped> {
        match self.next() {
            Some(b'"') => match self.plain()? {
                Some(text) => Ok(self.heap.string(text)?),
                None => self.escaped(),
            },
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::TRUE),
            Some(b'f') => self.word("false", Value::FALSE),
            Some(b'n') => self.word("null", Value::NULL),
            _ => Err(Stopped::Wrong("a value should stand here")),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Stopped> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(Stopped::Wrong("a value should stand here"));
        }
        self.position += word.len();
        Ok(value)
    }

    fn rest(&self) -> &'t [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    fn number(&mut self) -> Result<Value, Stopped> {
        let Some(length) = number_length(self.rest()) else {
            return Err(Stopped::Wrong("this is no number"));
        };
        let text = self.text.get(self.position..self.position + length).unwrap_or_default();
        self.position += length;
        Ok(self.heap.number(text)?)
    }

    /// The text that begins at these quotes, if there is no escape in it; otherwise stays where it is.
    fn plain(&mut self) -> Result<Option<&'t str>, Stopped> {
        let start = self.position + 1;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let length = plain_length(rest);
        match rest.get(length) {
            Some(b'"') => {
                self.position = start + length + 1;
                Ok(self.text.get(start..start + length))
            }
            Some(b'\\') => Ok(None),
            _ => {
                self.position = start + length;
                Err(Stopped::Wrong(CONTROL))
            }
        }
    }

    /// The text that begins at these quotes.
    fn escaped(&mut self) -> Result<Value, Stopped> {
        self.position += 1;
        self.buffer.clear();
        loop {
            let rest = self.rest();
            let length = plain_length(rest);
            let end = self.position + length;
            self.buffer.push_str(self.text.get(self.position..end).unwrap_or_default());
            self.position = end;
            match rest.get(length) {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(self.heap.string(&self.buffer)?);
                }
                Some(b'\\') => {
                    let escaped = self.escape()?;
                    self.buffer.push(escaped);
                }
                _ => return Err(Stopped::Wrong(CONTROL)),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Stopped> {
        let simple = match self.bytes.get(self.position + 1) {
            Some(it @ (b'"' | b'\\' | b'/')) => char::from(*it),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let unit =
                    self.unit().ok_or(Stopped::Wrong("four hexadecimal digits should stand after \\u"))?;
                self.position += 6;
                return Ok(self.unpaired(unit));
            }
            _ => return Err(Stopped::Wrong("no such escape")),
        };
        self.position += 2;
        Ok(simple)
    }

    /// A character of one unit, or of two when the other half comes next.
    fn unpaired(&mut self, unit: u32) -> char {
        if (SURROGATE..LOW_SURROGATE).contains(&unit)
            && let Some(low @ LOW_SURROGATE..AFTER_SURROGATES) = self.unit()
        {
            self.position += 6;
            let both = 0x1_0000 + ((unit - SURROGATE) << 10) + (low - LOW_SURROGATE);
            return char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// The number of a `\uXXXX` that stands here.
    fn unit(&self) -> Option<u32> {
        let digits = self.rest().strip_prefix(b"\\u")?.get(..4)?;
        digits.iter().try_fold(0, |sum, it| Some(sum << 4 | char::from(*it).to_digit(16)?))
    }
}

/// How many keys are remembered: more than plans have, and few enough for a processor's cache.
const PLACES: usize = 1024;

/// The place of a key among those that are remembered.
fn place(key: &str) -> usize {
    // Keys differ in their length, or at an end.
    let bytes = key.as_bytes();
    let eight =
        |from: &mut dyn Iterator<Item = &u8>| from.take(8).fold(0, |all, it| all << 8 | u64::from(*it));
    let (front, back) = (eight(&mut bytes.iter()), eight(&mut bytes.iter().rev()));
    let mixed = front ^ back.rotate_left(29) ^ (bytes.len() as u64) << 57;
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54) as usize
}

/// How many bytes there are before the first quotes, backslash or control character: eight at a time.
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    // The lowest bit that is set is right: what borrows from the bytes above it comes after.
    let below = |word: u64, bound: u64| word.wrapping_sub(bound * ONES) & !word & HIGH;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let is = |byte: u8| below(word ^ (u64::from(byte) * ONES), 1);
        let found = is(b'"') | is(b'\\') | below(word, 0x20);
        if found != 0 {
            return index * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let ends = |it: &u8| matches!(it, b'"' | b'\\' | 0..0x20);
    words.len() * 8 + rest.iter().position(ends).unwrap_or(rest.len())
}

const CONTROL: &str = "closing quotes are missing, or a control character should be written as an escape";

/// How long the number is that stands here.
fn number_length(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        bytes.get(from..).unwrap_or_default().iter().take_while(|it| it.is_ascii_digit()).count()
    };
    let start = usize::from(bytes.first() == Some(&b'-'));
    let mut end = match bytes.get(start)? {
        b'0' => start + 1,
        b'1'..=b'9' => start + digits(start),
        _ => return None,
    };
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        if fraction == 0 {
            return None;
        }
        end += 1 + fraction;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent == 0 {
            return None;
        }
        end += 1 + sign + exponent;
    }
    Some(end)
}

fn at(json: &[u8], position: usize, problem: &'static str) -> JsonError {
    let before = String::from_utf8_lossy(json.get(..position).unwrap_or(json));
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    JsonError::Syntax { line, column, problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::View;

    #[test]
    fn reads_what_is_written() {
        for (json, want) in [
            (" {} ", "{}"),
            ("[]", "[]"),
            (
                "[1.0, 1e2, 0.10, 12345678901234567890123, -0, -7]",
                "[1.0,1e2,0.10,12345678901234567890123,-0,-7]",
            ),
            ("[null,true,false,\"\"]", "[null,true,false,\"\"]"),
            (r#"{"b":{"c":[{}]},"a":1}"#, r#"{"a":1,"b":{"c":[{}]}}"#),
            (r#"{"a":1,"b":3,"a":2}"#, r#"{"a":2,"b":3}"#),
            (r#""\"\\\/\b\f\n\r\t\u00e9""#, "\"\"\\/\u{8}\u{c}\n\r\té\""),
            (r#""\ud83d\ude00\ud83dx\udc00\ud800\u0041\ud800\ud83d\ude00""#, "\"😀�x��A�😀\""),
            ("\r\n\t 7", "7"),
        ] {
            let mut heap = Heap::new(1 << 16);
            let value = parse(&mut heap, json.as_bytes()).unwrap();
            assert_eq!(shown(&heap, value), want);
        }
    }

    #[test]
    fn says_where_it_is_wrong_and_quotes_nothing() {
        for (json, want) in [
            ("", "line 1, column 1: a value should stand here"),
            ("{bad", "line 1, column 2: a key in quotes should stand here"),
            ("[1,\n 2,]", "line 2, column 4: a value should stand here"),
            ("{\"é\":1 \"b\"}", "line 1, column 8: a comma or } should stand here"),
            ("{\"a\" 1}", "line 1, column 6: a colon should stand here"),
            ("{\"a\":1,}", "line 1, column 8: a key in quotes should stand here"),
            ("[1 2]", "line 1, column 4: a comma or ] should stand here"),
            ("{} x", "line 1, column 4: the text should end here"),
            ("01", "line 1, column 2: the text should end here"),
            ("-", "line 1, column 1: this is no number"),
            ("[1.]", "line 1, column 2: this is no number"),
            ("1e+", "line 1, column 1: this is no number"),
            ("nul", "line 1, column 1: a value should stand here"),
            ("NaN", "line 1, column 1: a value should stand here"),
            (
                "\"a\tb\"",
                "line 1, column 3: closing quotes are missing, or a control character should be written as an escape",
            ),
            (
                "\"a\\n",
                "line 1, column 5: closing quotes are missing, or a control character should be written as an escape",
            ),
            ("\"a\\x\"", "line 1, column 3: no such escape"),
            ("\"\\u12g4\"", "line 1, column 2: four hexadecimal digits should stand after \\u"),
            ("[", "line 1, column 2: a value should stand here"),
        ] {
            let error = parse(&mut Heap::new(1 << 16), json.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), want, "{json}");
        }
        let error = parse(&mut Heap::new(1 << 16), b"[\"\xc3\xa9\xff\"]").unwrap_err();
        assert_eq!(error.to_string(), "line 1, column 4: this is not UTF-8");
    }

    #[test]
    fn keeps_to_depth_and_memory() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        let mut heap = Heap::new(1 << 20);
        assert!(parse(&mut heap, nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(
            parse(&mut heap, nested(MAX_DEPTH + 1).as_bytes()).unwrap_err(),
            HeapError::TooDeep.into()
        );
        let endless = "[".repeat(10_000_000);
        assert_eq!(parse(&mut heap, endless.as_bytes()).unwrap_err(), HeapError::TooDeep.into());
        let long = format!("[{}1]", "1,".repeat(1 << 20));
        assert_eq!(parse(&mut heap, long.as_bytes()).unwrap_err(), HeapError::Exhausted.into());
    }

    #[test]
    fn finds_the_end_of_a_text_wherever_it_is() {
        for end in ['"', '\\', '\n', '\u{1f}'] {
            for before in 0..20 {
                let text =
                    format!("{}{end}x\"é\"", "é ~!".repeat(5).chars().take(before).collect::<String>());
                let expected = text.find(end).unwrap();
                assert_eq!(plain_length(text.as_bytes()), expected, "{text:?}");
            }
        }
        assert_eq!(plain_length("nothing at all here".as_bytes()), 19);
        assert_eq!(plain_length(b""), 0);
    }

    #[test]
    fn stores_a_key_once() {
        let mut heap = Heap::new(1 << 20);
        let value = parse(&mut heap, br#"[{"resource_type":1},{"resource_type":2}]"#).unwrap();
        let View::Array(items) = heap.view(value) else { panic!("an array") };
        let keys = items.iter().map(|it| match heap.view(*it) {
            View::Object([[key, _]]) => *key,
            _ => panic!("an object"),
        });
        let keys: Vec<_> = keys.collect();
        assert!(keys[0].is(keys[1]));
    }

    fn shown(heap: &Heap, value: Value) -> String {
        let all = |items: &[Value]| items.iter().map(|it| shown(heap, *it)).collect::<Vec<_>>().join(",");
        match heap.view(value) {
            View::Null => "null".to_owned(),
            View::Bool(it) => it.to_string(),
            View::Number(crate::Number::Integer(it)) => it.to_string(),
            View::Number(crate::Number::Text(it)) => it.to_owned(),
            View::String(it) => format!("\"{it}\""),
            View::Array(items) | View::Set(items) => format!("[{}]", all(items)),
            View::Object(pairs) => {
                let pair =
                    |[key, value]: &[Value; 2]| format!("{}:{}", shown(heap, *key), shown(heap, *value));
                format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(","))
            }
            View::Unknown(_) => "?".to_owned(),
        }
    }
}
