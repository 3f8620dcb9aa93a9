//! The first record of a later file of a list: the header once more, perhaps with its columns in another order, or data.
//!
//! A header must never be read as data, so that a first record of which nobody can be sure is refused.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::interchange::field::{FieldType, Sample, Scalar};
use crate::interchange::header::Role;
use crate::interchange::table::Header;

/// What the first record of a file is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum First {
    Data,
    /// A header with the same columns; where each of them is, if their order is another.
    Header(Option<Arc<[usize]>>),
}

/// What the header of the first file says of the first records of the others.
#[derive(Debug)]
pub(super) struct Expected {
    fields: Vec<String>,
    /// Whether the header has types or roles, as no data have.
    stated: bool,
    roles: Vec<Role>,
}

impl Expected {
    /// The header's roles are those that the options give it.
    pub(super) fn of(header: &Header) -> Self {
        let plain = |field: &String| matches!(Role::of(field), Ok(Role::Property(_, None)));
        let stated = !header.fields.iter().all(plain);
        Self { fields: header.fields.clone(), stated, roles: header.roles.clone() }
    }

    /// Says what the fields of a first record are; an error where they are another header, or may be one.
    pub(super) fn judge(&self, file: &Path, line: u64, record: &[String]) -> Result<First> {
        if record == self.fields {
            return Ok(First::Header(None));
        }
        if let Some(order) = self.order(record) {
            return Ok(First::Header(Some(order)));
        }
        let what = if self.is_other_header(record) {
            "the header has other columns than that of the first file of the list"
        } else if self.stated || self.has_data(record) {
            return Ok(First::Data);
        } else {
            "it is not clear whether the first line is a header"
        };
        let message = format!("{}:{line}: {what}", file.display());
        let help =
            "Begin the file with the header of the first one, or import it as a list of its own.";
        Err(Error::usage(Detail::InvalidRow, message).help(help))
    }

    /// Where each column is in a header that has all of them.
    fn order(&self, record: &[String]) -> Option<Arc<[usize]>> {
        let place = |field: &String| record.iter().position(|other| other == field);
        let order: Arc<[usize]> = self.fields.iter().map(place).collect::<Option<_>>()?;
        let distinct: BTreeSet<&usize> = order.iter().collect();
        (distinct.len() == record.len()).then_some(order)
    }

    /// Whether the record has a name of a column, or all that makes a header by itself.
    fn is_other_header(&self, record: &[String]) -> bool {
        let names = |field: &String| self.fields.iter().any(|own| own.eq_ignore_ascii_case(field));
        if !self.stated {
            return record.iter().any(names);
        }
        let roles: Vec<Role> = record.iter().filter_map(|field| Role::of(field).ok()).collect();
        let has = |is: fn(&Role) -> bool| self.roles.iter().any(is) && roles.iter().any(is);
        has(|role| matches!(role, Role::Id { .. }))
            || has(|role| matches!(role, Role::Start { .. }))
                && has(|role| matches!(role, Role::End { .. }))
            || record.iter().any(|field| names(field) && field.contains(':'))
    }

    /// Whether some field is what no name of a column is: a value of a type that its column has, or a number as identifier.
    fn has_data(&self, record: &[String]) -> bool {
        let begins_with_digit = |field: &str| field.starts_with(|c: char| c.is_ascii_digit());
        self.roles.iter().zip(record).any(|(role, field)| match role {
            Role::Property(_, Some(FieldType { scalar: Scalar::String, .. }) | None) => false,
            Role::Property(_, Some(of)) => Sample::fits(of.scalar, field),
            Role::Id { .. } | Role::Start { .. } | Role::End { .. } => begins_with_digit(field),
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_records_are_told_apart() {
        let first = |header: &str, record: &str| {
            let fields = |text: &str| text.split(',').map(String::from).collect::<Vec<_>>();
            let file: Arc<Path> = Path::new("b.csv").into();
            let mut header = Header::of(file, fields(header)).unwrap();
            for role in &mut header.roles {
                match role {
                    Role::Property(name, of) if name == "age" && of.is_none() => {
                        *of = Some(FieldType::inferred(Scalar::Long));
                    }
                    Role::Property(name, None) if name == "id" => {
                        let (space, property) = (None, Some("id".into()));
                        *role = Role::Id { space, property, integer: None, inferred: false };
                    }
                    _ => {}
                }
            }
            Expected::of(&header).judge(Path::new("b.csv"), 1, &fields(record)).map_err(|_| ())
        };
        let ordered = |order: &[usize]| Ok(First::Header(Some(order.into())));
        let cases = [
            ("id,name", "id,name", Ok(First::Header(None))),
            ("id,name", "name,id", ordered(&[1, 0])),
            ("a:ID,b:int,:LABEL", "b:int,:LABEL,a:ID", ordered(&[2, 0, 1])),
            ("id,name", "ID,Name", Err(())),
            ("id,name", "id,city", Err(())),
            ("id,name", "id,name,city", Err(())),
            ("id,name", "id", Err(())),
            ("id,name", "person,town", Err(())),
            ("id,name", "7,Ada", Ok(First::Data)),
            ("id,name", "7", Ok(First::Data)),
            ("name,age", "Ada,36", Ok(First::Data)),
            ("name,age", "person,years", Err(())),
            ("name,age", ",", Err(())),
            ("a:ID,name", "7,Ada", Ok(First::Data)),
            ("a:ID,name", "keanu,Keanu", Ok(First::Data)),
            ("a:ID,name", "keanu,name", Ok(First::Data)),
            ("a:ID,name", "b:ID,title", Err(())),
            ("a:ID,b:int", "a:ID,c:int", Err(())),
            (":START_ID,:END_ID,:TYPE", ":START_ID,:END_ID,since:int", Err(())),
            (":START_ID,:END_ID,:TYPE", "1,2,rdf:type", Ok(First::Data)),
            ("name:string,age:int", "age:int,city:string", Err(())),
        ];
        for (header, record, expected) in cases {
            assert_eq!(first(header, record), expected, "{header} and {record}");
        }
    }
}
