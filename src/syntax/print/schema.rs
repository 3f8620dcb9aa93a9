//! Indexes, constraints and SHOW as text.

use crate::syntax::ast::CreateConstraint;
use crate::syntax::ast::CreateIndex;
use crate::syntax::ast::Demand;
use crate::syntax::ast::DropSchema;
use crate::syntax::ast::Expression;
use crate::syntax::ast::IndexOn;
use crate::syntax::ast::Name;
use crate::syntax::ast::SchemaCommandKind;
use crate::syntax::ast::SchemaEntity;
use crate::syntax::ast::SchemaName;
use crate::syntax::ast::SchemaProperty;
use crate::syntax::ast::Show;
use crate::syntax::ast::ShowYield;
use crate::syntax::print::Printer;

impl Printer {
    pub(super) fn schema(&mut self, command: &SchemaCommandKind) {
        match command {
            SchemaCommandKind::CreateIndex(command) => self.create_index(command),
            SchemaCommandKind::CreateConstraint(command) => self.create_constraint(command),
            SchemaCommandKind::DropIndex(command) => self.drop_schema("INDEX", command),
            SchemaCommandKind::DropConstraint(command) => self.drop_schema("CONSTRAINT", command),
        }
    }

    fn create_index(&mut self, command: &CreateIndex) {
        self.word("CREATE ");
        if let Some(kind) = &command.kind {
            self.word(&kind.text);
            self.word(" ");
        }
        self.word("INDEX ");
        self.new_schema(command.name.as_ref(), command.if_not_exists, &command.entity);
        self.word(" ON ");
        match &command.on {
            IndexOn::Properties(properties) => self.schema_properties("(", properties, ")"),
            IndexOn::EachProperty(properties) => self.schema_properties("EACH [", properties, "]"),
            IndexOn::EachToken { function, variable } => {
                self.word("EACH ");
                self.word(&function.text);
                self.word("(");
                self.variable(&variable.text);
                self.word(")");
            }
        }
        self.options(command.options.as_ref());
    }

    fn create_constraint(&mut self, command: &CreateConstraint) {
        self.word("CREATE CONSTRAINT ");
        self.new_schema(command.name.as_ref(), command.if_not_exists, &command.entity);
        self.word(" REQUIRE ");
        self.schema_properties("(", &command.properties, ")");
        self.word(" IS ");
        match &command.demand {
            Demand::Unique => self.word("UNIQUE"),
            Demand::Key => self.word("KEY"),
            Demand::Exists => self.word("NOT NULL"),
            Demand::Type(of) => {
                self.word(":: ");
                self.value_type(of);
            }
        }
        self.options(command.options.as_ref());
    }

    fn drop_schema(&mut self, what: &str, command: &DropSchema) {
        self.word("DROP ");
        self.word(what);
        self.word(" ");
        self.schema_name(&command.name);
        if command.if_exists {
            self.word(" IF EXISTS");
        }
    }

    fn new_schema(&mut self, name: Option<&SchemaName>, if_not_exists: bool, of: &SchemaEntity) {
        if let Some(name) = name {
            self.schema_name(name);
            self.word(" ");
        }
        if if_not_exists {
            self.word("IF NOT EXISTS ");
        }
        self.word("FOR ");
        self.word(if of.relationship { "()-[" } else { "(" });
        self.variable(&of.variable.text);
        for (at, name) in of.names.iter().enumerate() {
            self.word(if at == 0 { ":" } else { "|" });
            self.name(&name.text);
        }
        self.word(if of.relationship { "]-()" } else { ")" });
    }

    fn schema_name(&mut self, name: &SchemaName) {
        let like = |word: &'static str| move |name: &str| name.eq_ignore_ascii_case(word);
        match name {
            // These two would begin what may follow.
            SchemaName::Name(Name { text, .. }) => {
                self.name_unless(text, |name| like("if")(name) || like("for")(name));
            }
            SchemaName::Parameter(name) => self.parameter(&name.text),
        }
    }

    fn schema_properties(&mut self, open: &str, properties: &[SchemaProperty], close: &str) {
        self.word(open);
        self.separated(properties, ", ", |printer, property| {
            printer.variable(&property.variable.text);
            printer.word(".");
            printer.name(&property.key.text);
        });
        self.word(close);
    }

    fn options(&mut self, options: Option<&Expression>) {
        if let Some(options) = options {
            self.word(" OPTIONS ");
            self.expression(options);
        }
    }

    pub(super) fn show(&mut self, show: &Show) {
        self.word("SHOW ");
        for word in &show.filter {
            self.word(&word.text);
            self.word(" ");
        }
        self.word(show.what.keyword());
        if show.executable {
            self.word(" EXECUTABLE");
        }
        if let Some(yield_) = &show.yield_ {
            self.show_yield(yield_);
        }
        self.where_(show.where_.as_ref());
    }

    fn show_yield(&mut self, yield_: &ShowYield) {
        self.word(" YIELD ");
        if yield_.star {
            self.word("*");
        }
        self.separated(&yield_.items, ", ", Self::yield_item);
        if !yield_.order_by.is_empty() {
            self.word(" ORDER BY ");
            self.separated(&yield_.order_by, ", ", Self::sort_item);
        }
        for (word, count) in [(" SKIP ", &yield_.skip), (" LIMIT ", &yield_.limit)] {
            if let Some(count) = count {
                self.word(word);
                self.expression(count);
            }
        }
        self.where_(yield_.where_.as_ref());
    }
}
