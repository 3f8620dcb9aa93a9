//! Typed arrays of property values in the form in which many of them are read and written at once.
//!
//! Unlike a [`Column`](super::Column), which operators share, an [`Array`] grows, and keeps its strings in one
//! piece of memory.

use std::sync::Arc;

use super::{Bitmap, Value};

/// Many strings in one piece of memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strings {
    text: String,
    ends: Vec<usize>,
}

impl Strings {
    /// Appends a string.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The string at a position; empty past the end.
    pub fn get(&self, at: usize) -> &str {
        let begin = match at.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or(self.text.len()),
            None => 0,
        };
        let end = self.ends.get(at).copied().unwrap_or(self.text.len());
        self.text.get(begin..end).unwrap_or("")
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        (0..self.len()).map(|at| self.get(at))
    }

    fn truncate(&mut self, len: usize) {
        self.ends.truncate(len);
        self.text.truncate(self.ends.last().copied().unwrap_or(0));
    }

    fn append(&mut self, other: &Self) {
        let before = self.text.len();
        self.text.push_str(&other.text);
        self.ends.extend(other.ends.iter().map(|end| before + end));
    }
}

/// The values of an [`Array`]; those that are absent have a placeholder.
#[derive(Debug, Clone, PartialEq)]
pub enum ArrayData {
    /// Booleans.
    Boolean(Vec<bool>),
    /// Integers.
    Integer(Vec<i64>),
    /// Floats.
    Float(Vec<f64>),
    /// Strings.
    String(Strings),
    /// Anything.
    General(Vec<Value>),
}

/// Values of one property, of one type wherever they can be. A value may be absent.
#[derive(Debug, Clone)]
pub struct Array {
    data: ArrayData,
    /// A set bit for each value that is there; `None` where all are.
    validity: Option<Bitmap>,
    /// Whether no value has come yet, so that the first one decides the type.
    untyped: bool,
}

impl Default for Array {
    fn default() -> Self {
        ArrayData::General(Vec::new()).into()
    }
}

impl From<ArrayData> for Array {
    fn from(data: ArrayData) -> Self {
        let untyped = data.len() == 0;
        Self { data, validity: None, untyped }
    }
}

impl FromIterator<Value> for Array {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        let mut array = Self::default();
        values.into_iter().for_each(|value| array.push(value));
        array
    }
}

impl ArrayData {
    fn len(&self) -> usize {
        match self {
            Self::Boolean(values) => values.len(),
            Self::Integer(values) => values.len(),
            Self::Float(values) => values.len(),
            Self::String(values) => values.len(),
            Self::General(values) => values.len(),
        }
    }

    fn get(&self, at: usize) -> Option<Value> {
        match self {
            Self::Boolean(values) => values.get(at).map(|v| Value::Boolean(*v)),
            Self::Integer(values) => values.get(at).map(|v| Value::Integer(*v)),
            Self::Float(values) => values.get(at).map(|v| Value::Float(*v)),
            Self::String(values) => (at < values.len()).then(|| Value::string(values.get(at))),
            Self::General(values) => values.get(at).cloned(),
        }
    }

    /// Empty data of the type of a value.
    fn of(value: &Value) -> Self {
        match value {
            Value::Boolean(_) => Self::Boolean(Vec::new()),
            Value::Integer(_) => Self::Integer(Vec::new()),
            Value::Float(_) => Self::Float(Vec::new()),
            Value::String(_) => Self::String(Strings::default()),
            _ => Self::General(Vec::new()),
        }
    }
}

impl Array {
    /// How many values there are, the absent ones counted.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values, those that are absent with a placeholder.
    pub fn data(&self) -> &ArrayData {
        &self.data
    }

    /// Whether no value is absent.
    pub fn is_full(&self) -> bool {
        self.validity.is_none()
    }

    /// Whether there is a value at a position.
    #[inline]
    pub fn has(&self, at: usize) -> bool {
        match &self.validity {
            None => at < self.len(),
            Some(validity) => at < validity.len() && validity.get(at),
        }
    }

    /// The value at a position; null where it is absent.
    pub fn get(&self, at: usize) -> Value {
        self.data.get(at).filter(|_| self.has(at)).unwrap_or_default()
    }

    /// Appends a value; null is an absent one. An array takes the type of its first value and becomes
    /// general where another comes.
    pub fn push(&mut self, value: Value) {
        match (&mut self.data, value) {
            (_, Value::Null) => return self.push_absent(),
            (ArrayData::Boolean(values), Value::Boolean(value)) => values.push(value),
            (ArrayData::Integer(values), Value::Integer(value)) => values.push(value),
            (ArrayData::Float(values), Value::Float(value)) => values.push(value),
            (ArrayData::String(values), Value::String(value)) => values.push(&value),
            (_, value) => return self.push_other(value),
        }
        self.validity.iter_mut().for_each(|validity| validity.push(true));
    }

    /// Appends a value that the data as it is does not take.
    #[cold]
    fn push_other(&mut self, value: Value) {
        if self.is_empty() || self.untyped {
            let absent = self.len();
            *self = Self::from(ArrayData::of(&value));
            (0..absent).for_each(|_| self.push_absent());
            self.untyped = false;
            // A value of its own type, so that the recursion ends.
            if !matches!(self.data, ArrayData::General(_)) {
                return self.push(value);
            }
        }
        self.generalise();
        if let ArrayData::General(values) = &mut self.data {
            values.push(value);
        }
        self.validity.iter_mut().for_each(|validity| validity.push(true));
    }

    /// Appends a string.
    #[inline]
    pub fn push_str(&mut self, text: &str) {
        match &mut self.data {
            ArrayData::String(values) => {
                values.push(text);
                self.validity.iter_mut().for_each(|validity| validity.push(true));
            }
            _ => self.push(Value::string(text)),
        }
    }

    /// Drops all values from a position on.
    pub fn truncate(&mut self, len: usize) {
        match &mut self.data {
            ArrayData::Boolean(values) => values.truncate(len),
            ArrayData::Integer(values) => values.truncate(len),
            ArrayData::Float(values) => values.truncate(len),
            ArrayData::String(values) => values.truncate(len),
            ArrayData::General(values) => values.truncate(len),
        }
        self.validity.iter_mut().for_each(|validity| validity.truncate(len));
    }

    /// Appends the absence of a value.
    pub fn push_absent(&mut self) {
        let len = self.len();
        match &mut self.data {
            ArrayData::Boolean(values) => values.push(false),
            ArrayData::Integer(values) => values.push(0),
            ArrayData::Float(values) => values.push(0.0),
            ArrayData::String(values) => values.push(""),
            ArrayData::General(values) => values.push(Value::Null),
        }
        self.validity.get_or_insert_with(|| Bitmap::filled(len, true)).push(false);
    }

    fn generalise(&mut self) {
        if !matches!(self.data, ArrayData::General(_)) {
            let values = (0..self.len()).map(|at| self.get(at)).collect();
            self.data = ArrayData::General(values);
        }
    }

    /// Appends all values of another array.
    pub fn append(&mut self, other: &Self) {
        if self.is_empty() {
            *self = other.clone();
            return;
        }
        let before = self.len();
        match (&mut self.data, &other.data) {
            (ArrayData::Boolean(values), ArrayData::Boolean(more)) => values.extend(more),
            (ArrayData::Integer(values), ArrayData::Integer(more)) => values.extend(more),
            (ArrayData::Float(values), ArrayData::Float(more)) => values.extend(more),
            (ArrayData::String(values), ArrayData::String(more)) => values.append(more),
            (ArrayData::General(values), ArrayData::General(more)) => {
                values.extend(more.iter().cloned());
            }
            _ => return (0..other.len()).for_each(|at| self.push(other.get(at))),
        }
        if self.validity.is_some() || other.validity.is_some() {
            let validity = self.validity.get_or_insert_with(|| Bitmap::filled(before, true));
            (0..other.len()).for_each(|at| validity.push(other.has(at)));
        }
    }

    /// Appends the value of another array at a position.
    #[inline]
    pub fn push_from(&mut self, other: &Self, at: usize) {
        match (&mut self.data, &other.data) {
            (ArrayData::Integer(values), ArrayData::Integer(of))
                if self.validity.is_none() && other.validity.is_none() =>
            {
                values.extend(of.get(at));
            }
            (ArrayData::String(values), ArrayData::String(of)) if other.has(at) => {
                values.push(of.get(at));
                self.validity.iter_mut().for_each(|validity| validity.push(true));
            }
            _ => self.push(other.get(at)),
        }
    }

    /// An array whose value `i` is this one's value `rows[i]`.
    pub fn gather(&self, rows: &[u32]) -> Self {
        fn pick<T: Clone + Default>(values: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().map(|row| values.get(*row as usize).cloned().unwrap_or_default()).collect()
        }
        let data = match &self.data {
            ArrayData::Boolean(values) => ArrayData::Boolean(pick(values, rows)),
            ArrayData::Integer(values) => ArrayData::Integer(pick(values, rows)),
            ArrayData::Float(values) => ArrayData::Float(pick(values, rows)),
            ArrayData::General(values) => ArrayData::General(pick(values, rows)),
            ArrayData::String(values) => {
                let mut picked = Strings::default();
                rows.iter().for_each(|row| picked.push(values.get(*row as usize)));
                ArrayData::String(picked)
            }
        };
        let validity = self.validity.as_ref().map(|_| {
            let mut picked = Bitmap::filled(rows.len(), true);
            for (at, row) in rows.iter().enumerate().filter(|(_, row)| !self.has(**row as usize)) {
                debug_assert!((*row as usize) < self.len());
                picked.set(at, false);
            }
            picked
        });
        Self { data, validity, untyped: self.untyped }
    }

    /// The positions of the values that are there, and these values alone.
    pub fn present(&self) -> (Vec<u32>, Self) {
        let rows: Vec<u32> =
            (0..self.len()).filter(|at| self.has(*at)).map(|at| at as u32).collect();
        let mut values = self.gather(&rows);
        values.validity = None;
        (rows, values)
    }

    /// Bytes it takes in memory, about.
    pub fn size(&self) -> usize {
        match &self.data {
            ArrayData::Boolean(values) => values.len(),
            ArrayData::Integer(values) => values.len() * 8,
            ArrayData::Float(values) => values.len() * 8,
            ArrayData::String(values) => values.text.len() + values.len() * 8,
            ArrayData::General(values) => values.len() * 64,
        }
    }
}

/// The strings as values of their own.
impl From<&Strings> for Vec<Arc<str>> {
    fn from(strings: &Strings) -> Self {
        strings.iter().map(Arc::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(array: &Array) -> Vec<Value> {
        (0..array.len()).map(|at| array.get(at)).collect()
    }

    #[test]
    fn an_array_keeps_its_type_until_another_comes() {
        let mut array = Array::default();
        array.push(Value::Null);
        array.push(Value::Integer(1));
        assert!(matches!(array.data(), ArrayData::Integer(_)));
        array.push(Value::Null);
        array.push(Value::string("a"));
        assert!(matches!(array.data(), ArrayData::General(_)));
        let expected = [Value::Null, Value::Integer(1), Value::Null, Value::string("a")];
        assert_eq!(values(&array), expected);
        let (rows, present) = array.present();
        assert_eq!(rows, [1, 3]);
        assert_eq!(values(&present), [Value::Integer(1), Value::string("a")]);
        let list = Value::list(vec![Value::Integer(1)]);
        let lists: Array = [Value::Null, list.clone(), Value::Float(0.5)].into_iter().collect();
        assert_eq!(values(&lists), [Value::Null, list, Value::Float(0.5)]);
    }

    #[test]
    fn an_array_is_cut_and_goes_on() {
        let texts = ["a", "", "ccc"].map(Value::string);
        let mixed = [Value::Null, Value::Float(0.5), Value::string("x"), Value::Null];
        let integers = [Value::Integer(1), Value::Integer(2)];
        let absent = [Value::Null, Value::Null];
        for all in [&texts[..], &mixed, &integers, &absent, &[]] {
            for cut in 0..=all.len() {
                for next in [Value::Null, Value::Integer(7), Value::string("y")] {
                    let mut array: Array = all.iter().cloned().collect();
                    array.truncate(cut);
                    array.push(next.clone());
                    array.push(next.clone());
                    let expected = all.iter().take(cut).chain([&next, &next]).cloned();
                    assert_eq!(values(&array), expected.collect::<Vec<_>>(), "{all:?} {cut}");
                }
            }
        }
    }

    #[test]
    fn arrays_are_appended_and_gathered() {
        let texts: Array = ["a", "", "ccc"].map(Value::string).into_iter().collect();
        let numbers: Array = [Value::Integer(7), Value::Null].into_iter().collect();
        for (first, second) in [(&texts, &texts), (&texts, &numbers), (&numbers, &texts)] {
            let mut both = first.clone();
            both.append(second);
            let mut one_by_one = first.clone();
            (0..second.len()).for_each(|at| one_by_one.push_from(second, at));
            let expected: Vec<Value> = values(first).into_iter().chain(values(second)).collect();
            assert_eq!(values(&both), expected);
            assert_eq!(values(&one_by_one), expected);
            let rows: Vec<u32> = (0..both.len() as u32).rev().collect();
            let turned: Vec<Value> = expected.into_iter().rev().collect();
            assert_eq!(values(&both.gather(&rows)), turned);
        }
    }
}
