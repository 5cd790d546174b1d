//! JSON written front to back; commas come by themselves.

/// A document or event in the making.
#[derive(Default)]
pub(crate) struct Out(Vec<u8>);

impl Out {
    pub fn with_capacity(bytes: usize) -> Self {
        Out(Vec::with_capacity(bytes))
    }

    pub fn into_bytes(self) -> bytes::Bytes {
        bytes::Bytes::from(self.0)
    }

    /// The text as it is: framing of events.
    pub fn frame(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// No value ends with one of these bytes, so what follows is the first of its container.
    fn comma(&mut self) {
        if !matches!(self.0.last(), None | Some(b'{' | b'[' | b':' | b' ' | b'\n')) {
            self.0.push(b',');
        }
    }

    pub fn open(&mut self) -> &mut Self {
        self.comma();
        self.frame("{")
    }

    pub fn close(&mut self) -> &mut Self {
        self.frame("}")
    }

    pub fn list(&mut self) -> &mut Self {
        self.comma();
        self.frame("[")
    }

    pub fn unlist(&mut self) -> &mut Self {
        self.frame("]")
    }

    /// `key` needs no escapes.
    pub fn key(&mut self, key: &str) -> &mut Self {
        self.comma();
        self.frame("\"").frame(key).frame("\":")
    }

    /// A key of somebody else's.
    pub fn named(&mut self, key: &str) -> &mut Self {
        self.text(key).frame(":")
    }

    /// A JSON value.
    pub fn raw(&mut self, value: &str) -> &mut Self {
        self.comma();
        self.frame(value)
    }

    pub fn text(&mut self, value: &str) -> &mut Self {
        self.comma();
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(&mut self.0, value);
        self
    }

    pub fn field(&mut self, key: &str, value: &str) -> &mut Self {
        self.key(key).raw(value)
    }

    pub fn field_text(&mut self, key: &str, value: &str) -> &mut Self {
        self.key(key).text(value)
    }

    pub fn field_count(&mut self, key: &str, value: u64) -> &mut Self {
        self.key(key);
        let _ = serde_json::to_writer(&mut self.0, &value);
        self
    }

    pub fn field_if(&mut self, key: &str, value: Option<&std::borrow::Cow<'_, str>>) -> &mut Self {
        match value {
            Some(value) => self.field(key, value),
            None => self,
        }
    }
}
