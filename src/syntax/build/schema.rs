//! Indexes, constraints and SHOW.

use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast::CreateConstraint;
use crate::syntax::ast::CreateIndex;
use crate::syntax::ast::Demand;
use crate::syntax::ast::DropSchema;
use crate::syntax::ast::Expression;
use crate::syntax::ast::IndexOn;
use crate::syntax::ast::Name;
use crate::syntax::ast::SchemaCommand;
use crate::syntax::ast::SchemaCommandKind;
use crate::syntax::ast::SchemaEntity;
use crate::syntax::ast::SchemaName;
use crate::syntax::ast::SchemaProperty;
use crate::syntax::ast::Show;
use crate::syntax::ast::ShowYield;
use crate::syntax::ast::Shown;
use crate::syntax::build::Builder;
use crate::syntax::build::literal;
use crate::syntax::build::misplaced;
use crate::syntax::build::parts;
use crate::syntax::grammar::Pair;
use crate::syntax::grammar::Rule;

/// The error for a command without one of its parts, which the grammar rules out.
fn missing(what: &str, span: Span) -> Error {
    Error::internal(format!("a schema command has no {what}")).at(span)
}

impl Builder<'_> {
    /// A command on indexes or constraints.
    pub(super) fn schema(&self, pair: Pair<'_>) -> Result<SchemaCommand> {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::create_index => SchemaCommandKind::CreateIndex(self.create_index(pair)?),
            Rule::create_constraint => {
                SchemaCommandKind::CreateConstraint(self.create_constraint(pair)?)
            }
            Rule::drop_index => SchemaCommandKind::DropIndex(self.drop_schema(pair)?),
            Rule::drop_constraint => SchemaCommandKind::DropConstraint(self.drop_schema(pair)?),
            _ => return Err(misplaced(&pair, span)),
        };
        Ok(SchemaCommand { kind, span })
    }

    fn create_index(&self, pair: Pair<'_>) -> Result<CreateIndex> {
        let span = self.span(&pair);
        let (mut kind, mut name, mut if_not_exists) = (None, None, false);
        let (mut entity, mut on, mut options) = (None, None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::index_kind => kind = Some(self.capitals(&part)),
                Rule::schema_name => name = Some(self.schema_name(part)?),
                Rule::if_not_exists => if_not_exists = true,
                Rule::schema_entity => entity = Some(self.schema_entity(part)?),
                Rule::index_on => on = Some(self.index_on(part)?),
                Rule::options_part => options = Some(self.options(part)?),
                _ => {}
            }
        }
        let entity = entity.ok_or_else(|| missing("entity", span))?;
        let on = on.ok_or_else(|| missing("property", span))?;
        Ok(CreateIndex { kind, name, if_not_exists, entity, on, options, span })
    }

    fn create_constraint(&self, pair: Pair<'_>) -> Result<CreateConstraint> {
        let span = self.span(&pair);
        let (mut name, mut if_not_exists, mut properties) = (None, false, Vec::new());
        let (mut entity, mut demand, mut options) = (None, None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::schema_name => name = Some(self.schema_name(part)?),
                Rule::if_not_exists => if_not_exists = true,
                Rule::schema_entity => entity = Some(self.schema_entity(part)?),
                Rule::constraint_on => properties = self.schema_properties(part)?,
                Rule::demand => demand = Some(self.demand(part)?),
                Rule::options_part => options = Some(self.options(part)?),
                _ => {}
            }
        }
        let entity = entity.ok_or_else(|| missing("entity", span))?;
        let demand = demand.ok_or_else(|| missing("demand", span))?;
        Ok(CreateConstraint { name, if_not_exists, entity, properties, demand, options, span })
    }

    fn drop_schema(&self, pair: Pair<'_>) -> Result<DropSchema> {
        let span = self.span(&pair);
        let (mut name, mut if_exists) = (None, false);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::schema_name => name = Some(self.schema_name(part)?),
                Rule::if_exists => if_exists = true,
                _ => {}
            }
        }
        let name = name.ok_or_else(|| missing("name", span))?;
        Ok(DropSchema { name, if_exists, span })
    }

    fn schema_name(&self, pair: Pair<'_>) -> Result<SchemaName> {
        let span = self.span(&pair);
        match pair.into_inner().next() {
            Some(part) if part.as_rule() == Rule::parameter => {
                let text = literal::unquote(part.as_str().trim_start_matches('$'));
                Ok(SchemaName::Parameter(Name { text, span: self.span(&part) }))
            }
            Some(part) => self.name(&part).map(SchemaName::Name),
            None => Err(missing("name", span)),
        }
    }

    fn schema_entity(&self, pair: Pair<'_>) -> Result<SchemaEntity> {
        let span = self.span(&pair);
        let inner = pair.into_inner().next().ok_or_else(|| missing("entity", span))?;
        let relationship = inner.as_rule() == Rule::schema_relationship;
        let variable = self.variable_within(&inner)?;
        let mut names = Vec::new();
        for part in inner.into_inner().filter(|part| part.as_rule() == Rule::schema_names) {
            for name in parts(part) {
                names.push(self.name(&name)?);
            }
        }
        Ok(SchemaEntity { variable, relationship, names, span })
    }

    fn index_on(&self, pair: Pair<'_>) -> Result<IndexOn> {
        let span = self.span(&pair);
        let inner = pair.into_inner().next().ok_or_else(|| missing("property", span))?;
        match inner.as_rule() {
            Rule::constraint_on => self.schema_properties(inner).map(IndexOn::Properties),
            Rule::each_property => self.schema_properties(inner).map(IndexOn::EachProperty),
            Rule::each_token => {
                let variable = self.variable_within(&inner)?;
                let function =
                    inner.into_inner().find(|part| part.as_rule() == Rule::token_function);
                let function = function.ok_or_else(|| missing("function", span))?;
                Ok(IndexOn::EachToken { function: self.name(&function)?, variable })
            }
            _ => Err(misplaced(&inner, span)),
        }
    }

    fn schema_properties(&self, pair: Pair<'_>) -> Result<Vec<SchemaProperty>> {
        let properties = parts(pair).filter(|part| part.as_rule() == Rule::schema_property);
        properties.map(|part| self.schema_property(part)).collect()
    }

    fn schema_property(&self, pair: Pair<'_>) -> Result<SchemaProperty> {
        let span = self.span(&pair);
        let variable = self.variable_within(&pair)?;
        let lookup = pair.into_inner().find(|part| part.as_rule() == Rule::property_lookup);
        let key = lookup.and_then(|lookup| lookup.into_inner().next());
        let key = key.ok_or_else(|| missing("property", span))?;
        Ok(SchemaProperty { variable, key: self.name(&key)?, span })
    }

    fn options(&self, pair: Pair<'_>) -> Result<Expression> {
        let span = self.span(&pair);
        match pair.into_inner().find(|part| part.as_rule() == Rule::properties) {
            Some(properties) => self.properties(properties),
            None => Err(missing("options", span)),
        }
    }

    fn demand(&self, pair: Pair<'_>) -> Result<Demand> {
        let span = self.span(&pair);
        let inner = pair.into_inner().next().ok_or_else(|| missing("demand", span))?;
        match inner.as_rule() {
            Rule::demand_unique => Ok(Demand::Unique),
            Rule::demand_key => Ok(Demand::Key),
            Rule::demand_exists => Ok(Demand::Exists),
            Rule::demand_type => {
                let of = parts(inner).find(|part| part.as_rule() == Rule::value_type);
                let of = of.ok_or_else(|| missing("type", span))?;
                self.value_type(of).map(Demand::Type)
            }
            _ => Err(misplaced(&inner, span)),
        }
    }

    /// SHOW.
    pub(super) fn show(&self, pair: Pair<'_>) -> Result<Show> {
        let span = self.span(&pair);
        let (mut filter, mut what, mut executable) = (Vec::new(), None, false);
        let (mut yield_, mut where_) = (None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::show_word => filter.push(self.capitals(&part)),
                Rule::show_what => {
                    let word = part.as_str().to_ascii_uppercase();
                    what = Some(match word.get(..3) {
                        Some("IND") => Shown::Indexes,
                        Some("CON") => Shown::Constraints,
                        Some("FUN") => Shown::Functions,
                        _ => Shown::Procedures,
                    });
                }
                Rule::kw_executable => executable = true,
                Rule::show_yield => yield_ = Some(self.show_yield(part)?),
                Rule::where_part => where_ = Some(self.where_part(part)?),
                _ => {}
            }
        }
        let what = what.ok_or_else(|| missing("subject", span))?;
        Ok(Show { filter, what, executable, yield_, where_, span })
    }

    fn show_yield(&self, pair: Pair<'_>) -> Result<ShowYield> {
        let span = self.span(&pair);
        let mut yield_ = ShowYield {
            star: false,
            items: Vec::new(),
            order_by: Vec::new(),
            skip: None,
            limit: None,
            where_: None,
            span,
        };
        for part in parts(pair) {
            match part.as_rule() {
                Rule::star => yield_.star = true,
                Rule::yield_item => yield_.items.push(self.yield_item(part)?),
                Rule::order_part => {
                    for item in parts(part).filter(|item| item.as_rule() == Rule::sort_item) {
                        yield_.order_by.push(self.sort_item(item)?);
                    }
                }
                Rule::skip_part => yield_.skip = Some(self.only_value(part)?),
                Rule::limit_part => yield_.limit = Some(self.only_value(part)?),
                Rule::where_part => yield_.where_ = Some(self.where_part(part)?),
                _ => {}
            }
        }
        Ok(yield_)
    }

    /// A word as a name in capitals.
    fn capitals(&self, pair: &Pair<'_>) -> Name {
        Name { text: pair.as_str().to_ascii_uppercase(), span: self.span(pair) }
    }
}
