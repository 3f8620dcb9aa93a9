//! Values that a function makes of others, which may be far larger.

use crate::error::Result;
use crate::function::Context;
use crate::meter;
use crate::value::Value;

/// After so many bytes it is asked whether there is memory for them.
const BYTES: u64 = 1 << 16;

/// What a list takes for each of its elements while it grows.
const ELEMENT: u64 = 2 * size_of::<Value>() as u64;

/// What is allocated apart takes so much more than what it holds.
const ALLOCATION: u64 = 32;

/// A value in the making: it asks for its memory before it takes it, bit by bit.
pub(super) struct Making<'a> {
    context: &'a Context<'a>,
    function: &'static str,
    bytes: u64,
    asked: u64,
}

impl<'a> Making<'a> {
    pub(super) fn new(context: &'a Context<'a>, function: &'static str) -> Self {
        Self { context, function, bytes: 0, asked: BYTES }
    }

    /// Takes so many bytes more, in a step.
    pub(super) fn take(&mut self, bytes: u64) -> Result<()> {
        meter::step(1)?;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.asked {
            self.asked = self.bytes.saturating_add(BYTES);
            self.context.check_memory(self.function, self.asked)?;
        }
        Ok(())
    }

    /// A list of values that are there already.
    pub(super) fn list(mut self, values: impl Iterator<Item = Value>) -> Result<Value> {
        let mut items = Vec::new();
        for value in values {
            self.take(ELEMENT)?;
            items.push(value);
        }
        Ok(Value::list(items))
    }

    /// A list of texts that are made for it.
    pub(super) fn texts(mut self, texts: impl Iterator<Item = Value>) -> Result<Value> {
        let mut items = Vec::new();
        for text in texts {
            self.take(ELEMENT + ALLOCATION + text.held_bytes())?;
            items.push(text);
        }
        Ok(Value::list(items))
    }

    /// A text of these characters.
    pub(super) fn text(mut self, characters: impl Iterator<Item = char>) -> Result<Value> {
        let mut text = String::new();
        for character in characters {
            // It grows by doubling, and is copied to where it stays.
            self.take(3 * character.len_utf8() as u64)?;
            text.push(character);
        }
        Ok(Value::string(text))
    }
}
