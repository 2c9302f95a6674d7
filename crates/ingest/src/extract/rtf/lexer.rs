//! RTF as a run of tokens.

/// A part of an RTF file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// A group begins.
    Open,
    /// A group ends.
    Close,
    /// Who does not know the group that has begun leaves it out.
    Optional,
    /// A byte of text, in the encoding of the font.
    Byte(u8),
    /// A character that has a symbol.
    Character(char),
    /// A control word and its number.
    Word(&'a str, Option<i32>),
}

/// Reads tokens. Never fails: what makes no sense is passed over.
pub(super) struct Lexer<'a> {
    rest: &'a [u8],
}

impl<'a> Lexer<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What the backslash that was read begins.
    fn control(&mut self) -> Option<Token<'a>> {
        let (&first, tail) = self.rest.split_first()?;
        if first.is_ascii_alphabetic() {
            return Some(self.word());
        }
        self.rest = tail;
        match first {
            b'\'' => {
                let byte = tail.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
                self.rest = tail.get(2..).unwrap_or_default();
                byte.map(Token::Byte)
            }
            b'*' => Some(Token::Optional),
            b'\\' | b'{' | b'}' => Some(Token::Byte(first)),
            b'~' => Some(Token::Character('\u{A0}')),
            b'_' => Some(Token::Character('-')),
            b'\n' | b'\r' => Some(Token::Word("par", None)),
            b'\t' => Some(Token::Word("tab", None)),
            _ => None,
        }
    }

    fn word(&mut self) -> Token<'a> {
        let letters = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (name, tail) = self.rest.split_at(letters);
        let sign = usize::from(tail.first() == Some(&b'-'));
        let digits = tail[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let length = if digits > 0 { sign + digits } else { 0 };
        let number = std::str::from_utf8(&tail[..length]).ok().and_then(|number| number.parse().ok());
        self.rest = &tail[length..];
        // One space after a control word belongs to it.
        self.rest = self.rest.strip_prefix(b" ").unwrap_or(self.rest);
        let name = std::str::from_utf8(name).unwrap_or_default();
        if name == "bin" {
            let length = number.and_then(|length: i32| usize::try_from(length).ok()).unwrap_or(0);
            self.rest = self.rest.get(length..).unwrap_or_default();
        }
        Token::Word(name, number)
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let (&first, tail) = self.rest.split_first()?;
            self.rest = tail;
            match first {
                b'{' => return Some(Token::Open),
                b'}' => return Some(Token::Close),
                b'\r' | b'\n' | b'\0' => {}
                b'\\' => {
                    if let Some(token) = self.control() {
                        return Some(token);
                    }
                }
                byte => return Some(Token::Byte(byte)),
            }
        }
    }
}
