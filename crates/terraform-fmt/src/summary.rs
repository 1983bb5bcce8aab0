//! What can be wrong with a file, by terraform's names.

use std::fmt;

macro_rules! summaries {
    ($($(#[$meta:meta])* $variant:ident: $summary:literal, $advice:literal;)*) => {
        /// What is wrong; terraform's name for it is what [`fmt::Display`] gives.
        ///
        /// Source: what terraform 1.11.4 prints behind `Error:`. The advice is ours.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Summary {
            $(#[doc = concat!("`", $summary, "`")] $(#[$meta])* $variant,)*
        }

        impl Summary {
            /// Terraform's name of the error.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $summary,)* }
            }

            /// A sentence that says what to do about it.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)* }
            }

            /// The error that terraform calls so.
            ///
            /// ```
            /// use terraform_fmt::Summary;
            ///
            /// assert_eq!(Summary::of_name("Invalid expression"), Some(Summary::InvalidExpression));
            /// assert_eq!(Summary::of_name("Failed to read file"), None);
            /// ```
            pub fn of_name(name: &str) -> Option<Self> {
                match name { $($summary => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

summaries! {
    UnsupportedOperator: "Unsupported operator",
        "There are no bitwise operators: write `&&` or `||`, `!`, or call a function such as `pow`.";
    InvalidCharacter: "Invalid character",
        "Take out this character: it means nothing here. Texts stand in double quotes, arguments on lines of their own.";
    InvalidCharacterEncoding: "Invalid character encoding",
        "Save the file as UTF-8: there is a byte here that is no part of any character.";
    InvalidMultiLineString: "Invalid multi-line string",
        "Close the quotes on the line where they open; write `\\n` for a line break, or use a heredoc (`<<EOT`).";
    InvalidArgumentName: "Invalid argument name",
        "Write the name of the argument without quotes.";
    ArgumentOrBlockDefinitionRequired: "Argument or block definition required",
        "Write an argument (`name = value`) or a block (`name { … }`) here.";
    UnclosedConfigurationBlock: "Unclosed configuration block",
        "Add the `}` that ends this block.";
    AttributeRedefined: "Attribute redefined",
        "Take out one of the arguments of this name: each may be set once in a block.";
    MissingNewlineAfterArgument: "Missing newline after argument",
        "Begin a new line after the value of an argument.";
    UnexpectedCommaAfterArgument: "Unexpected comma after argument",
        "Take out the comma: arguments are separated by line breaks.";
    InvalidBlockDefinition: "Invalid block definition",
        "Behind a block's type come its labels, and then, on the same line, `{`.";
    InvalidStringLiteral: "Invalid string literal",
        "Write the label as plain text: no templates, no line breaks.";
    UnterminatedStringLiteral: "Unterminated string literal",
        "Add the quote that ends this label.";
    ArgumentDefinitionRequired: "Argument definition required",
        "Write this block on several lines: on one line a block holds nothing but one argument.";
    InvalidSingleArgumentBlockDefinition: "Invalid single-argument block definition",
        "Write this block on several lines, or end it behind its only argument, on the same line.";
    MissingNewlineAfterBlockDefinition: "Missing newline after block definition",
        "Begin a new line after the `}` of a block.";
    MissingExpression: "Missing expression",
        "The file ends where a value is missing: add it.";
    InvalidExpression: "Invalid expression",
        "Write a value here: this cannot begin one.";
    MissingFalseExpression: "Missing false expression in conditional",
        "Add `:` and the value for when the condition is false.";
    UnbalancedParentheses: "Unbalanced parentheses",
        "Add the `)` that ends this expression.";
    InvalidNumberLiteral: "Invalid number literal",
        "Write digits, with at most one decimal point and one exponent behind it.";
    InvalidLegacyIndexSyntax: "Invalid legacy index syntax",
        "Write indexes in brackets, as in `[0][1]`.";
    NestedSplat: "Nested splat expression not allowed",
        "Use `[*]` instead, or a `for` expression.";
    InvalidAttributeName: "Invalid attribute name",
        "Write the name of an attribute behind the dot.";
    MissingCloseBracketOnSplatIndex: "Missing close bracket on splat index",
        "Add the `]` right behind `[*`.";
    MissingCloseBracketOnIndex: "Missing close bracket on index",
        "Add the `]` that ends an index before this place.";
    MissingFunctionName: "Missing function name",
        "Write the name of a function behind `::`.";
    MissingOpenParenthesis: "Missing open parenthesis",
        "Add `(` and the arguments: a name with `::` in it is that of a function.";
    MissingClosingParenthesis: "Missing closing parenthesis",
        "Add `)` behind `...`: it is for the last argument.";
    MissingArgumentSeparator: "Missing argument separator",
        "Put a comma between the arguments, or add the `)` behind the last one.";
    UnterminatedFunctionCall: "Unterminated function call",
        "Add the `)` that ends this call.";
    MissingItemSeparator: "Missing item separator",
        "Put a comma between the items, or add the `]` behind the last one.";
    UnterminatedTuple: "Unterminated tuple constructor expression",
        "Add the `]` that ends this list.";
    MissingAttributeValue: "Missing attribute value",
        "Add `=` and a value behind the key, on the same line.";
    MissingKeyValueSeparator: "Missing key/value separator",
        "Put `=` between key and value; a key that is no plain name or text stands in parentheses.";
    MissingAttributeSeparator: "Missing attribute separator",
        "Put a comma or a line break between the items.";
    UnterminatedObject: "Unterminated object constructor expression",
        "Add the `}` that ends this object.";
    InvalidForExpression: "Invalid 'for' expression",
        "Write `[for item in items : value]`, or `{for key, item in items : key => value}`; a key called `for` stands in quotes.";
    InvalidEscapeSequence: "Invalid escape sequence",
        "Write the backslash twice if it is text: it may only stand before n, r, t, a quote, a backslash, and u or U with four or eight digits.";
    UnclosedTemplateInterpolationSequence: "Unclosed template interpolation sequence",
        "Add the `}` that ends this `${`; for text that is no template write `$${`.";
    ExtraCharactersAfterInterpolation: "Extra characters after interpolation expression",
        "End the expression with `}` here; for text that is no template write `$${`.";
    InvalidTemplateDirective: "Invalid template directive",
        "Write `if`, `else`, `endif`, `for` or `endfor` behind `%{`; for text that is no template write `%%{`.";
    InvalidTemplateControlKeyword: "Invalid template control keyword",
        "Write `if`, `else`, `endif`, `for` or `endfor` behind `%{`; for text that is no template write `%%{`.";
    InvalidForDirective: "Invalid 'for' directive",
        "Write `%{ for item in items }` or `%{ for key, item in items }`.";
    ExtraCharactersInIfMarker: "Extra characters in if marker",
        "End the directive with `}` behind its condition.";
    ExtraCharactersInElseMarker: "Extra characters in else marker",
        "End the directive with `}` here: there is no `else if`, only an `if` within the `else`.";
    ExtraCharactersInEndifMarker: "Extra characters in endif marker",
        "End the directive with `}` here.";
    ExtraCharactersInForMarker: "Extra characters in for marker",
        "End the directive with `}` behind what is gone through.";
    ExtraCharactersInEndforMarker: "Extra characters in endfor marker",
        "End the directive with `}` here.";
    UnterminatedTemplateString: "Unterminated template string",
        "Close the text before this place: with a quote, or a heredoc with its name on a line of its own.";
    UnexpectedEndOfTemplate: "Unexpected end of template",
        "Add the `%{ endif }` or `%{ endfor }` that is missing before this place.";
    UnexpectedElseDirective: "Unexpected else directive",
        "Take it out, or add its `%{ if … }` before it: an `if` has one `else`.";
    UnexpectedEndifDirective: "Unexpected endif directive",
        "Take it out, or add its `%{ if … }` before it.";
    UnexpectedEndforDirective: "Unexpected endfor directive",
        "Take it out, or add its `%{ for … }` before it.";
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
