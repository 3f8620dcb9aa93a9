//! The look-up of functions and procedures by name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::nearest;

use super::aggregate;
use super::procedure;
use super::scalar;
use super::{
    Aggregate, AggregateFunction, Procedure, ProcedureHandle, Scalar, ScalarFunction, Signature,
    UserAggregate, UserFunction,
};

/// Everything callable: the built-in functions and procedures, and those of the library's user. Cheap to
/// clone. All maps go by the name in lower case.
#[derive(Debug, Clone)]
pub struct Registry {
    procedures: Arc<BTreeMap<String, ProcedureHandle>>,
    functions: Arc<BTreeMap<String, Arc<UserFunction>>>,
    aggregates: Arc<BTreeMap<String, Arc<UserAggregate>>>,
}

/// A function with its parsed forms.
struct Entry<T: 'static> {
    function: &'static T,
    forms: Vec<Signature>,
}

type Table<T> = FxHashMap<String, Entry<T>>;

static SCALARS: LazyLock<Table<ScalarFunction>> = LazyLock::new(|| {
    let mut table = Table::default();
    for function in scalar::functions() {
        for name in std::iter::once(&function.name).chain(function.aliases) {
            table
                .insert(name.to_lowercase(), Entry { function, forms: parse(function.signatures) });
        }
    }
    table
});

static AGGREGATES: LazyLock<Table<AggregateFunction>> = LazyLock::new(|| {
    let mut table = Table::default();
    for function in aggregate::FUNCTIONS {
        for name in std::iter::once(&function.name).chain(function.aliases) {
            table
                .insert(name.to_lowercase(), Entry { function, forms: parse(function.signatures) });
        }
    }
    table
});

static BUILT_IN: LazyLock<Registry> = LazyLock::new(|| Registry {
    procedures: Arc::new(procedure::built_in()),
    functions: Arc::default(),
    aggregates: Arc::default(),
});

/// A test parses every form, so none is lost here.
fn parse(signatures: &[&str]) -> Vec<Signature> {
    signatures.iter().filter_map(|text| Signature::parse(text).ok()).collect()
}

impl ScalarFunction {
    /// Its signatures, parsed.
    pub fn forms(&self) -> &'static [Signature] {
        SCALARS.get(&self.name.to_lowercase()).map_or(&[], |entry| &entry.forms)
    }
}

impl AggregateFunction {
    /// Its signatures, parsed.
    pub fn forms(&self) -> &'static [Signature] {
        AGGREGATES.get(&self.name.to_lowercase()).map_or(&[], |entry| &entry.forms)
    }
}

impl Default for Registry {
    fn default() -> Self {
        BUILT_IN.clone()
    }
}

impl Registry {
    /// The built-in functions and procedures.
    pub fn new() -> Self {
        Self::default()
    }

    /// The scalar function of this name, whatever its case.
    pub fn scalar(&self, name: &str) -> Option<Scalar> {
        let name = name.to_lowercase();
        let built_in = SCALARS.get(&name).map(|entry| Scalar::BuiltIn(entry.function));
        built_in.or_else(|| self.functions.get(&name).cloned().map(Scalar::User))
    }

    /// The aggregate of this name, whatever its case.
    pub fn aggregate(&self, name: &str) -> Option<Aggregate> {
        let name = name.to_lowercase();
        let built_in = AGGREGATES.get(&name).map(|entry| Aggregate::BuiltIn(entry.function));
        built_in.or_else(|| self.aggregates.get(&name).cloned().map(Aggregate::User))
    }

    /// The procedure of this name, whatever its case.
    pub fn procedure(&self, name: &str) -> Option<ProcedureHandle> {
        let name = name.to_lowercase();
        procedure::of_registry(&name, self).or_else(|| self.procedures.get(&name).cloned())
    }

    /// What runs for SHOW and this word, and how many of its columns are shown without YIELD.
    pub fn show(&self, word: &str) -> Option<(ProcedureHandle, usize)> {
        procedure::show(word, self)
    }

    /// Adds a procedure.
    ///
    /// # Errors
    /// `UsageError.VariableAlreadyBound` if there is a procedure of this name already.
    pub fn register(&mut self, procedure: impl Procedure + 'static) -> Result<()> {
        let name = procedure.signature().name.to_lowercase();
        if self.procedures.contains_key(&name) {
            let message = format!("there is a procedure `{}` already", procedure.signature().name);
            return Err(Error::usage(Detail::VariableAlreadyBound, message)
                .help("Choose another name for the new procedure."));
        }
        Arc::make_mut(&mut self.procedures).insert(name, ProcedureHandle(Arc::new(procedure)));
        Ok(())
    }

    /// Adds a scalar function.
    ///
    /// # Errors
    /// `UsageError.VariableAlreadyBound` if there is a function of this name already.
    pub fn register_function(&mut self, function: UserFunction) -> Result<()> {
        let name = self.free_name(function.signature())?;
        Arc::make_mut(&mut self.functions).insert(name, Arc::new(function));
        Ok(())
    }

    /// Adds an aggregate.
    ///
    /// # Errors
    /// `UsageError.VariableAlreadyBound` if there is a function of this name already.
    pub fn register_aggregate(&mut self, aggregate: UserAggregate) -> Result<()> {
        let name = self.free_name(aggregate.signature())?;
        Arc::make_mut(&mut self.aggregates).insert(name, Arc::new(aggregate));
        Ok(())
    }

    /// The name in lower case, if no function has it.
    fn free_name(&self, signature: &Signature) -> Result<String> {
        let name = &*signature.name;
        if self.scalar(name).is_none() && self.aggregate(name).is_none() {
            return Ok(name.to_lowercase());
        }
        let message = format!("there is a function `{name}` already");
        Err(Error::usage(Detail::VariableAlreadyBound, message)
            .help("Choose another name for the new function."))
    }

    /// The scalar functions of the library's user, by name.
    pub fn user_functions(&self) -> impl Iterator<Item = &UserFunction> {
        self.functions.values().map(|function| &**function)
    }

    /// The aggregates of the library's user, by name.
    pub fn user_aggregates(&self) -> impl Iterator<Item = &UserAggregate> {
        self.aggregates.values().map(|aggregate| &**aggregate)
    }

    /// Every built-in scalar function, grouped as in the documentation.
    pub fn scalars(&self) -> impl Iterator<Item = &'static ScalarFunction> {
        scalar::functions()
    }

    /// The built-in scalar functions in groups of a title each; a title may come again.
    pub fn groups(&self) -> &'static [(&'static str, &'static [ScalarFunction])] {
        scalar::GROUPS
    }

    /// Every built-in aggregate, in the order of the documentation.
    pub fn aggregates(&self) -> impl Iterator<Item = &'static AggregateFunction> {
        aggregate::FUNCTIONS.iter()
    }

    /// Every procedure, by name.
    pub fn procedures(&self) -> impl Iterator<Item = &ProcedureHandle> {
        self.procedures.values()
    }

    /// The name of a function, scalar or aggregate, that may have been meant by `name`.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let scalars =
            self.scalars().flat_map(|f| std::iter::once(f.name).chain(f.aliases.iter().copied()));
        let aggregates = self
            .aggregates()
            .flat_map(|f| std::iter::once(f.name).chain(f.aliases.iter().copied()));
        let users = self.user_functions().map(UserFunction::signature);
        let users = users.chain(self.user_aggregates().map(UserAggregate::signature));
        nearest(name, scalars.chain(aggregates).chain(users.map(|signature| &*signature.name)))
    }

    /// The name of a procedure that may have been meant by `name`.
    pub fn nearest_procedure(&self, name: &str) -> Option<&str> {
        nearest(name, self.procedures().map(|p| &*p.0.signature().name))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::function::TableProcedure;

    use super::*;

    #[test]
    fn every_entry_is_complete() {
        let registry = Registry::new();
        let scalars = registry.scalars().map(|f| (f.name, f.signatures, f.doc, f.example));
        let aggregates = registry.aggregates().map(|f| (f.name, f.signatures, f.doc, f.example));
        for (name, signatures, doc, (call, result)) in scalars.chain(aggregates) {
            assert!(!signatures.is_empty(), "{name} has no signature");
            for text in signatures {
                let signature = Signature::parse(text).expect(text);
                assert_eq!(&*signature.name, name, "{text}");
                assert!(signature.columns.is_empty(), "{text}");
            }
            assert!(doc.ends_with('.') && doc.len() > 10, "{name} is not documented: {doc}");
            assert!(call.to_lowercase().contains(&name.to_lowercase()), "{call}");
            assert!(!result.is_empty(), "{name} has no example");
        }
        for procedure in registry.procedures() {
            assert!(procedure.0.doc().ends_with('.'), "{procedure:?} is not documented");
        }
        let mut names = BTreeSet::new();
        let scalars = registry.scalars().flat_map(|f| std::iter::once(&f.name).chain(f.aliases));
        let aggregates =
            registry.aggregates().flat_map(|f| std::iter::once(&f.name).chain(f.aliases));
        for name in scalars.chain(aggregates) {
            assert!(names.insert(name.to_lowercase()), "{name} is there twice");
        }
    }

    #[test]
    fn names_are_found_whatever_their_case() {
        let registry = Registry::new();
        assert_eq!(
            registry.scalar("TOUPPER").map(|f| f.name().to_owned()).as_deref(),
            Some("toUpper")
        );
        assert_eq!(
            registry.scalar("Upper").map(|f| f.name().to_owned()).as_deref(),
            Some("toUpper")
        );
        assert_eq!(
            registry.aggregate("STDEVP").map(|f| f.name().to_owned()).as_deref(),
            Some("stDevP")
        );
        assert!(registry.scalar("count").is_none() && registry.aggregate("size").is_none());
        assert!(registry.procedure("DB.LABELS").is_some());
        assert_eq!(registry.nearest("toUper"), Some("toUpper"));
        assert_eq!(registry.nearest_procedure("db.label"), Some("db.labels"));
        let forms = registry.scalar("upper").map(|f| f.forms().len());
        assert_eq!(forms, Some(1));
    }

    #[test]
    fn a_registered_procedure_belongs_to_its_registry() {
        let mut registry = Registry::new();
        let procedure = || TableProcedure::new("my.proc() :: ()", vec![]).expect("valid");
        registry.register(procedure()).expect("new");
        assert!(registry.procedure("MY.proc").is_some());
        assert!(Registry::new().procedure("my.proc").is_none());
        assert!(registry.register(procedure()).is_err());
    }
}
