//! Reads HTML as browsers do, for tests.

use html5ever::tokenizer::{BufferQueue, Tag, Token, TokenSink, TokenSinkResult, Tokenizer};
use std::cell::RefCell;

/// Everything in `html` that is more than text. It must not hold what would be something else: a comment, an error.
pub(super) fn tags(html: &str) -> Vec<Tag> {
    let tokenizer = Tokenizer::new(Tags::default(), Default::default());
    let input = BufferQueue::default();
    input.push_back(html.into());
    let _fed = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

#[derive(Default)]
struct Tags(RefCell<Vec<Tag>>);

impl TokenSink for Tags {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) => self.0.borrow_mut().push(tag),
            Token::CharacterTokens(_) | Token::EOFToken | Token::DoctypeToken(_) => {}
            Token::CommentToken(_) | Token::NullCharacterToken | Token::ParseError(_) => panic!("{token:?}"),
        }
        TokenSinkResult::Continue
    }
}
