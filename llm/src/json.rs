//! A JSON scanner that builds no tree: it validates fully, finds values, and hands out spans of the input.
//!
//! Written by hand because serde_json's `IgnoredAny` checks neither UTF-8 nor depth, and a derived struct silently takes
//! the last of two equal keys. Whether the bytes are UTF-8 is the caller's to check; structure, escapes, surrogate
//! pairs, control characters and the range of numbers are checked here.

use std::{borrow::Cow, ops::Range};

/// Deepest nesting accepted, the outermost value being level 1. One bit a level must fit into [`Levels`].
pub(crate) const DEPTH_MOST: u32 = 128;
type Levels = u128;

/// Longest number that cannot overflow a double without an exponent; anything longer is parsed to be sure.
const PLAIN_NUMBER_MOST: usize = 300;

/// What is wrong, as the end of the sentence "The body is not valid JSON: …", and where (bytes from the start).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub what: &'static str,
    pub at: usize,
}

pub(crate) type Scan<T> = Result<T, Fault>;

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    Text,
    Number,
    True,
    False,
    Null,
}

/// A value's type and where it stands, quotes and brackets included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    pub kind: Kind,
    pub span: Range<usize>,
}

impl Value {
    pub fn raw<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.span.clone()).unwrap_or_default()
    }

    /// `[]` or `{}`, whatever white space stands inside.
    pub fn is_empty_container(&self, bytes: &[u8]) -> bool {
        let raw = self.raw(bytes);
        matches!(self.kind, Kind::Array | Kind::Object)
            && raw.len() >= 2
            && raw[1..raw.len() - 1].iter().all(|byte| is_space(*byte))
    }
}

/// A string's span, quotes included, and whether it holds escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub span: Range<usize>,
    pub escaped: bool,
}

impl Text {
    /// The characters meant. Bytes that are not UTF-8 are shown as U+FFFD.
    pub fn resolve<'a>(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        let raw = bytes.get(self.span.clone()).unwrap_or_default();
        if self.escaped
            && let Ok(text) = serde_json::from_slice::<String>(raw)
        {
            return Cow::Owned(text);
        }
        let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
        String::from_utf8_lossy(inner)
    }
}

/// A position in JSON text.
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Scanner { bytes, at: 0 }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    fn fault<T>(&self, what: &'static str) -> Scan<T> {
        Err(Fault { what, at: self.at })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    /// Nothing but white space is left.
    pub fn end(&mut self) -> Scan<()> {
        self.skip_space();
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            self.fault("something follows after its end")
        }
    }

    /// Steps into an object. `false`: something else stands here.
    pub fn enter_object(&mut self) -> bool {
        self.skip_space();
        let object = self.peek() == Some(b'{');
        self.at += usize::from(object);
        object
    }

    /// The next key of the object entered, the scanner then standing at its value; `None` after the closing brace.
    pub fn next_key(&mut self, first: &mut bool) -> Scan<Option<Text>> {
        self.skip_space();
        match self.peek() {
            Some(b'}') => {
                self.at += 1;
                return Ok(None);
            }
            Some(b',') if !*first => {
                self.at += 1;
                self.skip_space();
            }
            Some(_) if *first => {}
            Some(_) => return self.fault("a comma or a closing brace is missing"),
            None => return self.fault("it ends in the middle"),
        }
        *first = false;
        self.key().map(Some)
    }

    fn key(&mut self) -> Scan<Text> {
        match self.peek() {
            Some(b'"') => {}
            Some(_) => return self.fault("a key in double quotes is missing"),
            None => return self.fault("it ends in the middle"),
        }
        let text = self.text()?;
        self.skip_space();
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(_) => return self.fault("a colon is missing"),
            None => return self.fault("it ends in the middle"),
        }
        self.skip_space();
        Ok(text)
    }

    /// Checks and passes one value. `level`: how many containers are open around it.
    pub fn value(&mut self, level: u32) -> Scan<Value> {
        self.skip_space();
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            _ => self.scalar()?,
        };
        if matches!(kind, Kind::Object | Kind::Array) {
            self.container(level)?;
        }
        Ok(Value {
            kind,
            span: start..self.at,
        })
    }

    /// An object or array with all it holds, without recursion: `open` has one bit a level, set for an object.
    fn container(&mut self, around: u32) -> Scan<()> {
        let mut open: Levels = 0;
        let mut level = 0;
        loop {
            // A value stands here.
            let object = match self.peek() {
                Some(b'{') => Some(true),
                Some(b'[') => Some(false),
                _ => None,
            };
            if let Some(object) = object {
                level += 1;
                if around + level > DEPTH_MOST {
                    return self.fault("it is nested deeper than 128 levels");
                }
                open = (open << 1) | Levels::from(object);
                self.at += 1;
                self.skip_space();
                if self.peek() != Some(if object { b'}' } else { b']' }) {
                    if object {
                        self.key()?;
                    }
                    continue;
                }
            } else {
                self.scalar()?;
            }
            // A value, or the inside of an empty container, ends here.
            loop {
                if level == 0 {
                    return Ok(());
                }
                self.skip_space();
                match (self.peek(), open & 1 == 1) {
                    (Some(b','), object) => {
                        self.at += 1;
                        self.skip_space();
                        if object {
                            self.key()?;
                        }
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        level -= 1;
                        open >>= 1;
                    }
                    (Some(_), true) => return self.fault("a comma or a closing brace is missing"),
                    (Some(_), false) => return self.fault("a comma or a closing bracket is missing"),
                    (None, _) => return self.fault("it ends in the middle"),
                }
            }
        }
    }

    fn scalar(&mut self) -> Scan<Kind> {
        match self.peek() {
            Some(b'"') => self.text().map(|_| Kind::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| Kind::Number),
            Some(b't') => self.word(b"true", Kind::True),
            Some(b'f') => self.word(b"false", Kind::False),
            Some(b'n') => self.word(b"null", Kind::Null),
            Some(_) => self.fault("a value is missing"),
            None => self.fault("it ends in the middle"),
        }
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Scan<Kind> {
        if !self.bytes[self.at..].starts_with(word) {
            return self.fault("a value is missing");
        }
        self.at += word.len();
        Ok(kind)
    }

    fn digits(&mut self) -> Scan<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            self.fault("a number is malformed")
        } else {
            Ok(())
        }
    }

    /// RFC 8259 §6. A number beyond a double's range is refused: readers disagree on what it means.
    fn number(&mut self) -> Scan<()> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        let exponent = matches!(self.peek(), Some(b'e' | b'E'));
        if exponent {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        if exponent || self.at - start > PLAIN_NUMBER_MOST {
            let text = str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default();
            if !text.parse::<f64>().is_ok_and(f64::is_finite) {
                return self.fault("a number is too large");
            }
        }
        Ok(())
    }

    /// A string, the scanner standing at its opening quote.
    fn text(&mut self) -> Scan<Text> {
        let start = self.at;
        let mut escaped = false;
        self.at += 1;
        loop {
            self.at += plain_run(&self.bytes[self.at..]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Text {
                        span: start..self.at,
                        escaped,
                    });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.at += 1;
                    self.escape()?;
                }
                Some(_) => return self.fault("a string holds a control character that is not escaped"),
                None => return self.fault("it ends in the middle"),
            }
        }
    }

    fn escape(&mut self) -> Scan<()> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                self.at += 1;
                match self.hex4()? {
                    0xD800..=0xDBFF => {
                        if !self.bytes[self.at..].starts_with(b"\\u") {
                            return self.fault("a string holds half of a surrogate pair");
                        }
                        self.at += 2;
                        match self.hex4()? {
                            0xDC00..=0xDFFF => Ok(()),
                            _ => self.fault("a string holds half of a surrogate pair"),
                        }
                    }
                    0xDC00..=0xDFFF => self.fault("a string holds half of a surrogate pair"),
                    _ => Ok(()),
                }
            }
            Some(_) => self.fault("a string holds an unknown escape"),
            None => self.fault("it ends in the middle"),
        }
    }

    fn hex4(&mut self) -> Scan<u32> {
        let mut code = 0;
        for _ in 0..4 {
            match self.peek().and_then(|byte| char::from(byte).to_digit(16)) {
                Some(digit) => code = code * 16 + digit,
                None => return self.fault("a string holds a malformed \\u escape"),
            }
            self.at += 1;
        }
        Ok(code)
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// How many bytes at the front are ordinary inside a string: no quote, no backslash, no control character.
///
/// Eight bytes a step, 32 while the way is clear ("determine if a word has a byte less than n", Bit Twiddling Hacks).
/// A borrow can mark a byte falsely only above a marked one, so the lowest mark is always true.
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    const QUOTE: u64 = u64::from_ne_bytes([b'"'; 8]);
    const BACKSLASH: u64 = u64::from_ne_bytes([b'\\'; 8]);
    const SPACE: u64 = u64::from_ne_bytes([b' '; 8]);
    let marks = |word: [u8; 8]| {
        let word = u64::from_le_bytes(word);
        let quote = word ^ QUOTE;
        let backslash = word ^ BACKSLASH;
        ((quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash)
            | (word.wrapping_sub(SPACE) & !word))
            & HIGH
    };
    let mut run = 0;
    let (blocks, _) = bytes.as_chunks::<32>();
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        if words.iter().fold(0, |all, word| all | marks(*word)) != 0 {
            break;
        }
        run += 32;
    }
    let (words, _) = bytes[run..].as_chunks::<8>();
    for word in words {
        let found = marks(*word);
        if found != 0 {
            return run + (found.trailing_zeros() / 8) as usize;
        }
        run += 8;
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    run + bytes[run..].iter().position(special).unwrap_or(bytes.len() - run)
}

/// Calls `each` with every key and value of the one object that `bytes` holds. Of two equal keys the later one comes last.
pub(crate) fn members(bytes: &[u8], mut each: impl FnMut(&str, Value)) -> Scan<()> {
    let mut scanner = Scanner::new(bytes);
    if !scanner.enter_object() {
        return scanner.fault("it is not an object");
    }
    let mut first = true;
    while let Some(key) = scanner.next_key(&mut first)? {
        let value = scanner.value(1)?;
        each(&key.resolve(bytes), value);
    }
    scanner.end()
}

/// Calls `each` with every element of the one array that `bytes` holds.
pub(crate) fn elements(bytes: &[u8], mut each: impl FnMut(Value)) -> Scan<()> {
    let mut scanner = Scanner::new(bytes);
    scanner.skip_space();
    if scanner.peek() != Some(b'[') {
        return scanner.fault("it is not an array");
    }
    scanner.at += 1;
    scanner.skip_space();
    if scanner.peek() == Some(b']') {
        scanner.at += 1;
        return scanner.end();
    }
    loop {
        each(scanner.value(1)?);
        scanner.skip_space();
        match scanner.peek() {
            Some(b',') => scanner.at += 1,
            Some(b']') => {
                scanner.at += 1;
                return scanner.end();
            }
            _ => return scanner.fault("a comma or a closing bracket is missing"),
        }
    }
}

/// Bytes of the string values in `bytes` (valid JSON), those under a key in `except` left out.
///
/// Escapes count as written, so this is an upper measure of the text. Used to see content and to estimate tokens.
pub(crate) fn text_bytes(bytes: &[u8], except: &[&str]) -> u64 {
    let mut scanner = Scanner::new(bytes);
    let mut counted = true;
    let mut sum = 0;
    while let Some(byte) = scanner.peek() {
        if byte != b'"' {
            scanner.at += 1;
            continue;
        }
        let Ok(text) = scanner.text() else { return sum };
        scanner.skip_space();
        if scanner.peek() == Some(b':') {
            counted = !except.contains(&&*text.resolve(bytes));
        } else if counted {
            sum += (text.span.len() - 2) as u64;
        }
    }
    sum
}

#[cfg(test)]
mod tests;
