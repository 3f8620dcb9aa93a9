//! Creating and dropping indexes and constraints within a transaction.
//!
//! It is transactional as all changes are. Readers go on while an index is built, and writers where the statement is all there
//! is to its transaction.

use std::sync::Arc;

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::error::nearest;

use super::KeyId;
use super::change::Change;
use super::populate::New;
use super::schema::{Constraint, ConstraintKind, Index, IndexId, IndexKind, SchemaTarget};
use super::snapshot::Snapshot;
use super::transaction::Transaction;

fn schema_error(detail: Detail, message: String) -> Error {
    Error::new(ErrorClass::SchemaError, Phase::Runtime, detail, message)
}

impl Transaction {
    /// Creates an index and fills it with what there is. Without a name it gets one that says what it is on. Says
    /// whether it is new: with `if_not_exists` one that is there already will do.
    ///
    /// # Errors
    /// `SchemaError` where there is an index on the same, or something of this name.
    pub fn create_index(
        &mut self,
        name: Option<&str>,
        kind: IndexKind,
        on: SchemaTarget,
        keys: Vec<KeyId>,
        if_not_exists: bool,
    ) -> Result<bool> {
        let created = self
            .create(&|transaction| transaction.new_index(name, kind, on, &keys, if_not_exists))?;
        self.counts.indexes_added += u64::from(created);
        Ok(created)
    }

    /// The index to create, or nothing where one that is there will do.
    fn new_index(
        &self,
        name: Option<&str>,
        kind: IndexKind,
        on: SchemaTarget,
        keys: &[KeyId],
        if_not_exists: bool,
    ) -> Result<Option<New>> {
        let schema = self.snapshot().schema();
        let same = |index: &&Arc<Index>| index.kind == kind && index.on == on && index.keys == keys;
        let taken = name.and_then(|name| schema.index_named(name));
        if if_not_exists && (taken.is_some() || schema.indexes().iter().any(|i| same(&i))) {
            return Ok(None);
        }
        self.check_name(name)?;
        if let Some(known) = schema.indexes().iter().find(same) {
            let what = if schema.owner(known.id).is_some() { "constraint" } else { "index" };
            return Err(schema_error(
                Detail::IndexAlreadyExists,
                format!(
                    "{what} `{}` keeps an index on {} already",
                    known.name,
                    self.snapshot().target(on, keys)
                ),
            )
            .help("Add IF NOT EXISTS to let it be."));
        }
        let suffix = match kind {
            IndexKind::Range => "",
            IndexKind::Text => "_text",
        };
        let name = self.name_for(name, "index", on, keys, suffix).into();
        let id = IndexId(self.shared.builds.next_id(schema));
        let index = Index { id, name, kind, on, keys: keys.to_vec(), unique: false };
        Ok(Some(New { index: Some(index), constraint: None }))
    }

    /// Creates what `new` says is to be created: it is asked again where others have written meanwhile.
    fn create(&mut self, new: &dyn Fn(&Self) -> Result<Option<New>>) -> Result<bool> {
        let mut created = loop {
            let Some(created) = new(self)? else { return Ok(false) };
            if !self.waits_for_same(&created)? {
                break created;
            }
        };
        let ahead = self.ahead(&created)?;
        if ahead.is_some() {
            let Some(again) = new(self)? else { return Ok(false) };
            created = again.numbered_as(&created);
        }
        let before = self.savepoint();
        if let Err(error) = self.create_new(&created, ahead.as_ref()) {
            self.rollback_to(before);
            return Err(error);
        }
        ahead.and_then(|ahead| ahead.build).into_iter().for_each(|build| self.hold(build));
        Ok(true)
    }

    /// Drops the index of this name. Says whether it was there: with `if_exists` it need not be.
    ///
    /// # Errors
    /// `SchemaError` where there is none, or where a constraint needs it.
    pub fn drop_index(&mut self, name: &str, if_exists: bool) -> Result<bool> {
        let schema = self.snapshot().schema().clone();
        let Some(index) = schema.index_named(name) else {
            if if_exists {
                return Ok(false);
            }
            if self.shared.builds.ahead().iter().any(|index| *index.name == *name) {
                return Err(still_built(Detail::IndexNotFound, "index", name));
            }
            let error = schema_error(Detail::IndexNotFound, format!("there is no index `{name}`"));
            let known = nearest(name, schema.indexes().iter().map(|index| &*index.name));
            return Err(match known {
                Some(known) => error.help(format!("Did you mean `{known}`?")),
                None => error.help("SHOW INDEXES lists them all."),
            });
        };
        if let Some(owner) = schema.owner(index.id) {
            return Err(schema_error(
                Detail::IndexInUse,
                format!("index `{name}` belongs to constraint `{}`", owner.name),
            )
            .help(format!("Drop it by DROP CONSTRAINT {}.", owner.name)));
        }
        self.apply(Change::DropIndex(index.id))?;
        self.counts.indexes_removed += 1;
        Ok(true)
    }

    /// Creates a constraint, and the index that it needs, after it has verified what there is. Names and
    /// `if_not_exists` as for [`Transaction::create_index`].
    ///
    /// # Errors
    /// `SchemaError` where there is such a constraint, or an index in its way; `ConstraintVerificationFailed` where
    /// the graph breaks it.
    pub fn create_constraint(
        &mut self,
        name: Option<&str>,
        kind: ConstraintKind,
        on: SchemaTarget,
        keys: Vec<KeyId>,
        if_not_exists: bool,
    ) -> Result<bool> {
        let created = self.create(&|transaction| {
            transaction.new_constraint(name, &kind, on, &keys, if_not_exists)
        })?;
        self.counts.constraints_added += u64::from(created);
        Ok(created)
    }

    /// The constraint to create, with its index, or nothing where one that is there will do.
    fn new_constraint(
        &self,
        name: Option<&str>,
        kind: &ConstraintKind,
        on: SchemaTarget,
        keys: &[KeyId],
        if_not_exists: bool,
    ) -> Result<Option<New>> {
        let schema = self.snapshot().schema();
        let group = group(kind);
        let same = |known: &Constraint| {
            self::group(&known.kind) == group && known.on == on && known.keys == keys
        };
        let equal = |known: &Constraint| same(known) && known.kind == *kind;
        let taken = name.and_then(|name| schema.constraint_named(name));
        if if_not_exists && (taken.is_some() || schema.constraints().iter().any(|c| equal(c))) {
            return Ok(None);
        }
        self.check_name(name)?;
        let target = self.snapshot().target(on, keys);
        if let Some(known) = schema.constraints().iter().find(|known| same(known)) {
            return Err(schema_error(
                Detail::ConstraintAlreadyExists,
                format!("constraint `{}` on {target} exists already", known.name),
            )
            .help("Drop it first, or add IF NOT EXISTS to let it be."));
        }
        let unique = matches!(kind, ConstraintKind::Unique | ConstraintKind::Key);
        let in_the_way = schema.indexes().iter().find(|index| {
            unique && index.kind == IndexKind::Range && index.on == on && index.keys == keys
        });
        if let Some(index) = in_the_way {
            return Err(schema_error(
                Detail::IndexAlreadyExists,
                format!("index `{}` on {target} is in the way of a constraint", index.name),
            )
            .help(format!("Drop it first: DROP INDEX {}.", index.name)));
        }
        let name: Arc<str> = self.name_for(name, "constraint", on, keys, suffix(kind)).into();
        let mut id = self.shared.builds.next_id(schema);
        let index = unique.then(|| {
            let (name, keys, kind) = (name.clone(), keys.to_vec(), IndexKind::Range);
            Index { id: IndexId(id), name, kind, on, keys, unique }
        });
        id += u32::from(unique);
        let (kind, keys, of) = (kind.clone(), keys.to_vec(), index.as_ref().map(|index| index.id));
        let constraint = Constraint { id, name, kind, on, keys, index: of };
        Ok(Some(New { index, constraint: Some(constraint) }))
    }

    /// Drops the constraint of this name, and its index. Says whether it was there: with `if_exists` it need not be.
    ///
    /// # Errors
    /// `SchemaError` where there is none.
    pub fn drop_constraint(&mut self, name: &str, if_exists: bool) -> Result<bool> {
        let schema = self.snapshot().schema().clone();
        let Some(constraint) = schema.constraint_named(name) else {
            if if_exists {
                return Ok(false);
            }
            let mut ahead = self.shared.builds.ahead().into_iter().filter(|index| index.unique);
            if ahead.any(|index| *index.name == *name) {
                return Err(still_built(Detail::ConstraintNotFound, "constraint", name));
            }
            let message = format!("there is no constraint `{name}`");
            let error = schema_error(Detail::ConstraintNotFound, message);
            let known = nearest(name, schema.constraints().iter().map(|known| &*known.name));
            return Err(match known {
                Some(known) => error.help(format!("Did you mean `{known}`?")),
                None => error.help("SHOW CONSTRAINTS lists them all."),
            });
        };
        if let Some(index) = constraint.index {
            self.apply(Change::DropIndex(index))?;
        }
        self.apply(Change::DropConstraint(constraint.id))?;
        self.counts.constraints_removed += 1;
        Ok(true)
    }

    fn check_name(&self, name: Option<&str>) -> Result<()> {
        let Some(name) = name else { return Ok(()) };
        let schema = self.snapshot().schema();
        let (detail, what) = if schema.constraint_named(name).is_some() {
            (Detail::ConstraintAlreadyExists, "a constraint")
        } else if schema.index_named(name).is_some() {
            (Detail::IndexAlreadyExists, "an index")
        } else {
            return Ok(());
        };
        Err(schema_error(detail, format!("there is {what} `{name}` already"))
            .help("Choose another name, or add IF NOT EXISTS to let it be."))
    }

    /// The name given, or one that says what it is on and that nothing has.
    fn name_for(
        &self,
        name: Option<&str>,
        prefix: &str,
        on: SchemaTarget,
        keys: &[KeyId],
        suffix: &str,
    ) -> String {
        if let Some(name) = name {
            return name.to_owned();
        }
        let snapshot = self.snapshot();
        let mut made = format!("{prefix}_{}", snapshot.target_name(on));
        for key in keys {
            made.push('_');
            made.push_str(&snapshot.key_name(*key));
        }
        made.push_str(suffix);
        let schema = snapshot.schema();
        let is_free = |name: &str| {
            schema.index_named(name).is_none() && schema.constraint_named(name).is_none()
        };
        if is_free(&made) {
            return made;
        }
        let numbered = (2..).map(|number| format!("{made}_{number}")).find(|name| is_free(name));
        numbered.unwrap_or(made)
    }
}

/// The error for what a statement that others do not see yet creates beside them.
fn still_built(detail: Detail, what: &str, name: &str) -> Error {
    schema_error(detail, format!("{what} `{name}` is still being built"))
        .help("Drop it when it is there, or end the statement that creates it.")
}

/// Constraints of one group on the same properties exclude each other.
fn group(kind: &ConstraintKind) -> u8 {
    match kind {
        ConstraintKind::Unique | ConstraintKind::Key => 0,
        ConstraintKind::Exists => 1,
        ConstraintKind::Type(_) => 2,
    }
}

fn suffix(kind: &ConstraintKind) -> &'static str {
    match kind {
        ConstraintKind::Unique => "_unique",
        ConstraintKind::Key => "_key",
        ConstraintKind::Exists => "_exists",
        ConstraintKind::Type(_) => "_type",
    }
}

impl Snapshot {
    fn target_name(&self, on: SchemaTarget) -> Arc<str> {
        match on {
            SchemaTarget::Label(label) => self.label_name(label),
            SchemaTarget::Type(of) => self.type_name(of),
        }
    }

    /// `(:Person {name})`
    pub(super) fn target(&self, on: SchemaTarget, keys: &[KeyId]) -> String {
        let keys: Vec<String> = keys.iter().map(|key| self.key_name(*key).to_string()).collect();
        let name = self.target_name(on);
        match on {
            SchemaTarget::Label(_) => format!("(:{name} {{{}}})", keys.join(", ")),
            SchemaTarget::Type(_) => format!("[:{name} {{{}}}]", keys.join(", ")),
        }
    }
}
