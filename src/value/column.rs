//! Typed vectors of values: what operators exchange and expressions work on.

use std::sync::Arc;

use crate::meter;

use super::{Bitmap, Node, NodeId, Relationship, RelationshipId, Value};

/// The values of one variable or expression over the rows of a batch.
///
/// A column is immutable and cheap to clone. Its data is typed wherever all its values but the nulls
/// have one type; the general [`ColumnData::Value`] holds everything else.
#[derive(Debug, Clone)]
pub struct Column {
    data: ColumnData,
    /// A set bit for each value that is present; `None` where all are.
    validity: Option<Arc<Bitmap>>,
}

/// The data of a [`Column`]. Where a value is null, the typed vectors hold a placeholder.
#[derive(Debug, Clone)]
pub enum ColumnData {
    /// The same value in every row.
    Constant(Value, usize),
    /// Booleans.
    Boolean(Arc<Vec<bool>>),
    /// Integers.
    Integer(Arc<Vec<i64>>),
    /// Floats.
    Float(Arc<Vec<f64>>),
    /// Strings.
    String(Arc<Vec<Arc<str>>>),
    /// Strings as codes into a dictionary.
    Dictionary(Arc<Vec<u32>>, Arc<Vec<Arc<str>>>),
    /// Nodes.
    Node(Arc<Vec<NodeId>>),
    /// Relationships.
    Relationship(Arc<Vec<RelationshipId>>),
    /// Anything; nulls stand in the values themselves and `validity` is `None`.
    Value(Arc<Vec<Value>>),
}

macro_rules! typed {
    ($($(#[$doc:meta])* $make:ident, $as_ref:ident: $variant:ident($type:ty);)*) => {
        impl Column {
            $(
                $(#[$doc])*
                pub fn $make(values: Vec<$type>) -> Self {
                    Self { data: ColumnData::$variant(Arc::new(values)), validity: None }
                }

                /// The vector behind the column if it has this type. Nulls are placeholders in it.
                pub fn $as_ref(&self) -> Option<&[$type]> {
                    match &self.data {
                        ColumnData::$variant(values) => Some(values),
                        _ => None,
                    }
                }
            )*
        }
    };
}

typed! {
    /// A column of booleans.
    booleans, as_booleans: Boolean(bool);
    /// A column of integers.
    integers, as_integers: Integer(i64);
    /// A column of floats.
    floats, as_floats: Float(f64);
    /// A column of strings.
    strings, as_strings: String(Arc<str>);
    /// A column of nodes.
    nodes, as_nodes: Node(NodeId);
    /// A column of relationships.
    relationships, as_relationships: Relationship(RelationshipId);
    /// A column of any values, kept general whatever they are.
    values, as_values: Value(Value);
}

impl Column {
    /// The same value `len` times.
    pub fn constant(value: Value, len: usize) -> Self {
        Self { data: ColumnData::Constant(value, len), validity: None }
    }

    /// Nothing but nulls.
    pub fn nulls(len: usize) -> Self {
        Self::constant(Value::Null, len)
    }

    /// Strings as codes into a dictionary; every code must be an index into `words`.
    pub fn dictionary(codes: Vec<u32>, words: Arc<Vec<Arc<str>>>) -> Self {
        Self { data: ColumnData::Dictionary(Arc::new(codes), words), validity: None }
    }

    /// The column with nulls where `validity` has a clear bit. Not for constant or general columns,
    /// whose nulls stand in the values.
    #[must_use]
    pub fn with_validity(mut self, validity: Bitmap) -> Self {
        debug_assert_eq!(validity.len(), self.len());
        debug_assert!(!matches!(self.data, ColumnData::Constant(..) | ColumnData::Value(_)));
        self.validity = (validity.count_ones() < validity.len()).then(|| Arc::new(validity));
        self
    }

    /// The narrowest column that holds these values.
    pub fn from_values(values: impl IntoIterator<Item = Value>) -> Self {
        let mut builder = ColumnBuilder::default();
        for value in values {
            builder.push(value);
        }
        builder.finish()
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        match &self.data {
            ColumnData::Constant(_, len) => *len,
            ColumnData::Boolean(v) => v.len(),
            ColumnData::Integer(v) => v.len(),
            ColumnData::Float(v) => v.len(),
            ColumnData::String(v) => v.len(),
            ColumnData::Dictionary(v, _) => v.len(),
            ColumnData::Node(v) => v.len(),
            ColumnData::Relationship(v) => v.len(),
            ColumnData::Value(v) => v.len(),
        }
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The data, for code that works on a whole vector.
    pub fn data(&self) -> &ColumnData {
        &self.data
    }

    /// Which rows are present, where some are not. General and constant columns carry their nulls
    /// in their values instead.
    pub fn validity(&self) -> Option<&Bitmap> {
        self.validity.as_deref()
    }

    /// The value of every row, where it is one and the same.
    pub fn as_constant(&self) -> Option<&Value> {
        match &self.data {
            ColumnData::Constant(value, _) => Some(value),
            _ => None,
        }
    }

    /// Whether the row is null (or past the end).
    pub fn is_null(&self, row: usize) -> bool {
        match &self.data {
            ColumnData::Constant(value, _) => matches!(value, Value::Null),
            ColumnData::Value(values) => matches!(values.get(row), None | Some(Value::Null)),
            _ => row >= self.len() || self.validity.as_ref().is_some_and(|v| !v.get(row)),
        }
    }

    /// Whether no row is null; may say `false` of a general column without looking.
    pub fn has_no_nulls(&self) -> bool {
        match &self.data {
            ColumnData::Constant(value, _) => !matches!(value, Value::Null),
            ColumnData::Value(_) => false,
            _ => self.validity.is_none(),
        }
    }

    /// The value at `row`; null past the end.
    pub fn get(&self, row: usize) -> Value {
        if self.is_null(row) {
            return Value::Null;
        }
        match &self.data {
            ColumnData::Constant(value, _) => value.clone(),
            ColumnData::Boolean(v) => v.get(row).map_or(Value::Null, |x| Value::Boolean(*x)),
            ColumnData::Integer(v) => v.get(row).map_or(Value::Null, |x| Value::Integer(*x)),
            ColumnData::Float(v) => v.get(row).map_or(Value::Null, |x| Value::Float(*x)),
            ColumnData::String(v) => v.get(row).map_or(Value::Null, |x| Value::String(x.clone())),
            ColumnData::Dictionary(codes, words) => codes
                .get(row)
                .and_then(|c| words.get(*c as usize))
                .map_or(Value::Null, |x| Value::String(x.clone())),
            ColumnData::Node(v) => v.get(row).map_or(Value::Null, |x| Value::Node(Node::new(*x))),
            ColumnData::Relationship(v) => {
                v.get(row).map_or(Value::Null, |x| Value::Relationship(Relationship::new(*x)))
            }
            ColumnData::Value(v) => v.get(row).cloned().unwrap_or_default(),
        }
    }

    /// The values in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Value> + '_ {
        (0..self.len()).map(|row| self.get(row))
    }

    /// A column whose row `i` is this column's row `rows[i]`.
    #[must_use]
    pub fn gather(&self, rows: &[u32]) -> Self {
        fn pick<T: Clone>(values: &[T], rows: &[u32]) -> Arc<Vec<T>> {
            Arc::new(rows.iter().map(|r| values[*r as usize].clone()).collect())
        }
        let data = match &self.data {
            ColumnData::Constant(value, _) => ColumnData::Constant(value.clone(), rows.len()),
            ColumnData::Boolean(v) => ColumnData::Boolean(pick(v, rows)),
            ColumnData::Integer(v) => ColumnData::Integer(pick(v, rows)),
            ColumnData::Float(v) => ColumnData::Float(pick(v, rows)),
            ColumnData::String(v) => ColumnData::String(pick(v, rows)),
            ColumnData::Dictionary(v, words) => {
                ColumnData::Dictionary(pick(v, rows), words.clone())
            }
            ColumnData::Node(v) => ColumnData::Node(pick(v, rows)),
            ColumnData::Relationship(v) => ColumnData::Relationship(pick(v, rows)),
            ColumnData::Value(v) => ColumnData::Value(pick(v, rows)),
        };
        let validity = self
            .validity
            .as_ref()
            .map(|validity| Arc::new(rows.iter().map(|r| validity.get(*r as usize)).collect()));
        Self { data, validity }
    }

    /// The rows of all columns, one after the other.
    pub fn concat(columns: &[Column]) -> Self {
        match columns {
            [one] => one.clone(),
            _ => {
                let mut builder = ColumnBuilder::default();
                for column in columns {
                    builder.append(column);
                }
                builder.finish()
            }
        }
    }
}

/// Collects values into the narrowest column that holds them all.
#[derive(Debug, Default)]
pub struct ColumnBuilder {
    building: Building,
    /// Set bits for values present; kept only once there was a null.
    validity: Option<Bitmap>,
}

#[derive(Debug)]
enum Building {
    /// Only nulls so far.
    Nulls(usize),
    Boolean(Vec<bool>),
    Integer(Vec<i64>),
    Float(Vec<f64>),
    String(Vec<Arc<str>>),
    Node(Vec<NodeId>),
    Relationship(Vec<RelationshipId>),
    Value(Vec<Value>),
}

impl Default for Building {
    fn default() -> Self {
        Self::Nulls(0)
    }
}

impl ColumnBuilder {
    /// How many rows were added.
    pub fn len(&self) -> usize {
        match &self.building {
            Building::Nulls(len) => *len,
            Building::Boolean(v) => v.len(),
            Building::Integer(v) => v.len(),
            Building::Float(v) => v.len(),
            Building::String(v) => v.len(),
            Building::Node(v) => v.len(),
            Building::Relationship(v) => v.len(),
            Building::Value(v) => v.len(),
        }
    }

    /// Whether no row was added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a row.
    pub fn push(&mut self, value: Value) {
        meter::walk(1);
        if matches!(value, Value::Null) {
            return self.push_null();
        }
        if let Building::Nulls(len) = self.building {
            self.start(&value, len);
        }
        match (&mut self.building, value) {
            (Building::Boolean(v), Value::Boolean(x)) => v.push(x),
            (Building::Integer(v), Value::Integer(x)) => v.push(x),
            (Building::Float(v), Value::Float(x)) => v.push(x),
            (Building::String(v), Value::String(x)) => v.push(x),
            (Building::Node(v), Value::Node(x)) => v.push(x.id()),
            (Building::Relationship(v), Value::Relationship(x)) => v.push(x.id()),
            (Building::Value(v), x) => return v.push(x),
            (_, x) => {
                let mut values = self.generalise();
                values.push(x);
                self.building = Building::Value(values);
                return;
            }
        }
        if let Some(validity) = &mut self.validity {
            validity.push(true);
        }
    }

    /// Adds a null.
    pub fn push_null(&mut self) {
        let len = self.len();
        match &mut self.building {
            Building::Nulls(len) => {
                *len += 1;
                return;
            }
            Building::Value(v) => return v.push(Value::Null),
            Building::Boolean(v) => v.push(false),
            Building::Integer(v) => v.push(0),
            Building::Float(v) => v.push(0.0),
            Building::String(v) => v.push(Arc::from("")),
            Building::Node(v) => v.push(NodeId(0)),
            Building::Relationship(v) => v.push(RelationshipId(0)),
        }
        self.validity.get_or_insert_with(|| Bitmap::filled(len, true)).push(false);
    }

    /// Adds all rows of a column.
    pub fn append(&mut self, column: &Column) {
        macro_rules! extend {
            ($variant:ident, $values:expr) => {{
                if let Building::Nulls(0) = self.building {
                    self.building = Building::$variant(Vec::new());
                }
                if let Building::$variant(to) = &mut self.building
                    && column.validity.is_none()
                {
                    to.extend_from_slice($values);
                    if let Some(validity) = &mut self.validity {
                        (0..$values.len()).for_each(|_| validity.push(true));
                    }
                    return;
                }
            }};
        }
        match &column.data {
            ColumnData::Boolean(v) => extend!(Boolean, v),
            ColumnData::Integer(v) => extend!(Integer, v),
            ColumnData::Float(v) => extend!(Float, v),
            ColumnData::String(v) => extend!(String, v),
            ColumnData::Node(v) => extend!(Node, v),
            ColumnData::Relationship(v) => extend!(Relationship, v),
            ColumnData::Constant(..) | ColumnData::Dictionary(..) | ColumnData::Value(_) => {}
        }
        for value in column.iter() {
            self.push(value);
        }
    }

    /// The column of all rows added.
    pub fn finish(self) -> Column {
        let column = match self.building {
            Building::Nulls(len) => return Column::nulls(len),
            Building::Value(v) => return Column::values(v),
            Building::Boolean(v) => Column::booleans(v),
            Building::Integer(v) => Column::integers(v),
            Building::Float(v) => Column::floats(v),
            Building::String(v) => Column::strings(v),
            Building::Node(v) => Column::nodes(v),
            Building::Relationship(v) => Column::relationships(v),
        };
        match self.validity {
            Some(validity) => column.with_validity(validity),
            None => column,
        }
    }

    /// Chooses the vector by the first value that is not null; `nulls` came before it.
    fn start(&mut self, value: &Value, nulls: usize) {
        self.building = match value {
            Value::Boolean(_) => Building::Boolean(vec![false; nulls]),
            Value::Integer(_) => Building::Integer(vec![0; nulls]),
            Value::Float(_) => Building::Float(vec![0.0; nulls]),
            Value::String(_) => Building::String(vec![Arc::from(""); nulls]),
            Value::Node(_) => Building::Node(vec![NodeId(0); nulls]),
            Value::Relationship(_) => Building::Relationship(vec![RelationshipId(0); nulls]),
            _ => Building::Value(vec![Value::Null; nulls]),
        };
        if nulls > 0 && !matches!(self.building, Building::Value(_)) {
            self.validity = Some(Bitmap::filled(nulls, false));
        }
    }

    fn generalise(&mut self) -> Vec<Value> {
        std::mem::take(self).finish().iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_builder_stays_typed_until_types_mix() {
        let column =
            Column::from_values([Value::Null, Value::Integer(1), Value::Null, Value::Integer(2)]);
        assert_eq!(column.as_integers(), Some(&[0, 1, 0, 2][..]));
        assert!(column.is_null(0) && !column.is_null(1) && column.is_null(2));

        let mixed = Column::from_values([Value::Null, Value::Integer(1), Value::Boolean(true)]);
        assert_eq!(mixed.as_values().map(<[_]>::len), Some(3));
        assert!(matches!(mixed.get(0), Value::Null));
        assert!(matches!(mixed.get(2), Value::Boolean(true)));
    }

    #[test]
    fn gathering_keeps_nulls() {
        let column = Column::from_values([Value::Integer(5), Value::Null]);
        let picked = column.gather(&[1, 0, 1]);
        assert!(picked.is_null(0) && !picked.is_null(1) && picked.is_null(2));
        assert!(matches!(picked.get(1), Value::Integer(5)));
    }

    #[test]
    fn concatenation_of_different_types_is_general() {
        let column = Column::concat(&[
            Column::integers(vec![1]),
            Column::nulls(1),
            Column::floats(vec![2.0]),
        ]);
        assert_eq!(column.len(), 3);
        assert!(matches!(column.get(0), Value::Integer(1)));
        assert!(matches!(column.get(1), Value::Null));
        assert!(matches!(column.get(2), Value::Float(_)));
    }
}
