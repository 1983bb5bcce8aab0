//! What a token is.

/// The kinds of tokens, as the rules of the layout and the grammar tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// `{`
    OpenBrace,
    /// `[`
    OpenBracket,
    /// `(`
    OpenParenthesis,
    /// `${` or `${~`
    Interpolation,
    /// `%{` or `%{~`
    Control,
    /// `}`
    CloseBrace,
    /// `]`
    CloseBracket,
    /// `)`
    CloseParenthesis,
    /// `}` or `~}` that ends an interpolation or a directive.
    SequenceEnd,
    /// `"` before a text.
    OpenQuote,
    /// `"` behind a text.
    CloseQuote,
    /// A piece of text between quotes.
    QuotedLiteral,
    /// `<<NAME` or `<<-NAME`, with its newline.
    OpenHeredoc,
    /// A piece of a heredoc's text, with its newline if it has one.
    HeredocLiteral,
    /// The name that ends a heredoc, with the spaces around it, without its newline.
    CloseHeredoc,
    Number,
    /// A name; `true`, `for` and the like are names as well.
    Name,
    Assign,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Not,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Question,
    Colon,
    DoubleColon,
    Arrow,
    Dot,
    Comma,
    Ellipsis,
    /// `#…` or `//…` with its newline.
    LineComment,
    /// `/*…*/`, and a comment at the end of the file that has no newline.
    BlockComment,
    Newline,
    /// The end of the file.
    End,
    Ampersand,
    Pipe,
    Caret,
    Tilde,
    Semicolon,
    Backtick,
    Apostrophe,
    /// Line breaks in a quoted string.
    QuotedNewline,
    Invalid,
    /// A byte that is no part of any character.
    BadEncoding,
}

impl Kind {
    /// How many kinds there are.
    pub(crate) const COUNT: usize = Self::BadEncoding as usize + 1;

    /// Whether it stands between two operands.
    pub(crate) const fn is_operator(self) -> bool {
        matches!(
            self,
            Self::Or
                | Self::And
                | Self::Equal
                | Self::NotEqual
                | Self::Greater
                | Self::GreaterOrEqual
                | Self::Less
                | Self::LessOrEqual
                | Self::Plus
                | Self::Minus
                | Self::Star
                | Self::Slash
                | Self::Percent
        )
    }

    /// Every kind, by its number.
    pub(crate) const ALL: [Self; Self::COUNT] = [
        Self::OpenBrace,
        Self::OpenBracket,
        Self::OpenParenthesis,
        Self::Interpolation,
        Self::Control,
        Self::CloseBrace,
        Self::CloseBracket,
        Self::CloseParenthesis,
        Self::SequenceEnd,
        Self::OpenQuote,
        Self::CloseQuote,
        Self::QuotedLiteral,
        Self::OpenHeredoc,
        Self::HeredocLiteral,
        Self::CloseHeredoc,
        Self::Number,
        Self::Name,
        Self::Assign,
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::And,
        Self::Or,
        Self::Not,
        Self::Plus,
        Self::Minus,
        Self::Star,
        Self::Slash,
        Self::Percent,
        Self::Question,
        Self::Colon,
        Self::DoubleColon,
        Self::Arrow,
        Self::Dot,
        Self::Comma,
        Self::Ellipsis,
        Self::LineComment,
        Self::BlockComment,
        Self::Newline,
        Self::End,
        Self::Ampersand,
        Self::Pipe,
        Self::Caret,
        Self::Tilde,
        Self::Semicolon,
        Self::Backtick,
        Self::Apostrophe,
        Self::QuotedNewline,
        Self::Invalid,
        Self::BadEncoding,
    ];

    /// 1 for what opens a bracket, -1 for what closes one, else 0.
    pub(crate) const fn bracket(self) -> i32 {
        match self as u8 {
            0..=4 => 1,
            5..=8 => -1,
            _ => 0,
        }
    }

    /// Whether a line of the layout ends with this token.
    pub(crate) const fn ends_line(self) -> bool {
        matches!(self, Self::Newline | Self::LineComment)
    }

    pub(crate) const fn is_comment(self) -> bool {
        matches!(self, Self::LineComment | Self::BlockComment)
    }

    /// Whether no file with this token is well formed.
    pub(crate) const fn is_error(self) -> bool {
        self as u8 > Self::End as u8
    }
}
