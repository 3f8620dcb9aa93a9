//! The types of `IS :: TYPE`, of values and of constraints.

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::syntax::ast::TypeKind;
use crate::syntax::ast::TypePart;
use crate::syntax::ast::ValueType;
use crate::syntax::build::Builder;
use crate::syntax::build::misplaced;
use crate::syntax::build::parts;
use crate::syntax::grammar::Pair;
use crate::syntax::grammar::Rule;
use crate::syntax::token::TokenKind;
use crate::syntax::token::tokens;

/// The words of a text, in capitals, with a space between each two.
fn words(text: &str) -> String {
    let words = tokens(text).filter(|token| token.kind != TokenKind::Comment);
    let words: Vec<&str> = words.map(|token| token.text(text)).collect();
    words.join(" ").to_ascii_uppercase()
}

impl Builder<'_> {
    pub(super) fn value_type(&self, pair: Pair<'_>) -> Result<ValueType> {
        let span = self.span(&pair);
        self.nested(span, || {
            let part = |part: Pair<'_>| match part.as_rule() {
                Rule::unknown_type => {
                    // Which types there are the binder knows.
                    let (span, name) = (self.span(&part), words(part.as_str()));
                    Ok(TypePart { kind: TypeKind::Name(name), not_null: false, span })
                }
                _ => self.type_part(part),
            };
            let all = parts(pair).map(part).collect::<Result<Vec<_>>>()?;
            // In Neo4j, too: whether null belongs to a union must be plain.
            let mixed = all.iter().find(|part| part.not_null != all.iter().all(|p| p.not_null));
            if let Some(part) = mixed {
                return Err(Error::syntax(
                    Detail::UnexpectedSyntax,
                    "either all types of a union take null or none does",
                )
                .at(part.span)
                .help("Write NOT NULL after each of them, or after none."));
            }
            Ok(ValueType { parts: all, span })
        })
    }

    fn type_part(&self, pair: Pair<'_>) -> Result<TypePart> {
        let span = self.span(&pair);
        let mut kind = None;
        let mut not_null = false;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::type_name => kind = Some(TypeKind::Name(words(part.as_str()))),
                Rule::type_of_parts => {
                    let mut is_list = false;
                    let mut of = None;
                    for inner in part.into_inner() {
                        match inner.as_rule() {
                            Rule::kw_list | Rule::kw_array => is_list = true,
                            Rule::value_type => of = Some(Box::new(self.value_type(inner)?)),
                            _ => {}
                        }
                    }
                    let of = of.ok_or_else(|| Error::internal("a type has no parts").at(span))?;
                    kind = Some(if is_list { TypeKind::List(of) } else { TypeKind::OneOf(of) });
                }
                Rule::nullability => not_null = true,
                // `INTEGER LIST` is `LIST<INTEGER>`.
                Rule::list_suffix => {
                    let of = kind.take().ok_or_else(|| misplaced(&part, span))?;
                    let parts = vec![TypePart { kind: of, not_null, span }];
                    kind = Some(TypeKind::List(Box::new(ValueType { parts, span })));
                    not_null = part.into_inner().any(|p| p.as_rule() == Rule::nullability);
                }
                _ => return Err(misplaced(&part, span)),
            }
        }
        let kind = kind.ok_or_else(|| Error::internal("a type has no name").at(span))?;
        Ok(TypePart { kind, not_null, span })
    }
}
