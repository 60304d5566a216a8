//! From tokens to a document (the specification, section 2). The guard has bounded the nesting of brackets before, so
//! the recursion is bounded too.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{
    BaseType, Directive, DocumentOperations, ExecutableDocument, Field, FragmentDefinition, FragmentSpread,
    InlineFragment, OperationDefinition, OperationType, Selection, SelectionSet, Type, TypeCondition,
    VariableDefinition,
};
use async_graphql::{Name, Number, Pos, Positioned, ServerError};
use async_graphql_value::{ConstValue, Value};

use super::lexer::{Kind, Token};
use super::{coded, syntax_error};
use crate::error::Code;

type Parsed<T> = Result<T, ServerError>;

/// Reads a document.
///
/// # Errors
/// `GRAPHQL_PARSE_FAILED` at the first token that does not fit, and `GRAPHQL_VALIDATION_FAILED` for what a parsed
/// document could not hold: the same name twice, an operation without a name beside others.
pub fn document(tokens: &[Token<'_>]) -> Parsed<ExecutableDocument> {
    let mut parser = Parser { tokens, at: 0 };
    let mut definitions = Definitions::default();
    loop {
        parser.definition(&mut definitions)?;
        if *parser.kind() == Kind::End {
            return definitions.finish();
        }
    }
}

/// The definitions of a document.
#[derive(Default)]
struct Definitions {
    unnamed: Vec<Positioned<OperationDefinition>>,
    named: HashMap<Name, Positioned<OperationDefinition>>,
    fragments: HashMap<Name, Positioned<FragmentDefinition>>,
    mistake: Option<ServerError>,
}

impl Definitions {
    fn operation(&mut self, name: Option<Name>, operation: Positioned<OperationDefinition>) {
        let pos = operation.pos;
        match name.map(|name| self.named.entry(name)) {
            None => self.unnamed.push(operation),
            Some(Entry::Vacant(free)) => drop(free.insert(operation)),
            Some(Entry::Occupied(taken)) => {
                let message = format!("Two operations have the name `{}`.", taken.key());
                self.mistake(pos, message);
            }
        }
    }

    fn fragment(&mut self, name: Name, fragment: Positioned<FragmentDefinition>) {
        let pos = fragment.pos;
        match self.fragments.entry(name) {
            Entry::Vacant(free) => drop(free.insert(fragment)),
            Entry::Occupied(taken) => {
                let message = format!("Two fragments have the name `{}`.", taken.key());
                self.mistake(pos, message);
            }
        }
    }

    fn mistake(&mut self, pos: Pos, message: String) {
        self.mistake.get_or_insert_with(|| invalid(pos, message));
    }

    fn finish(mut self) -> Parsed<ExecutableDocument> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        let operations = match (self.unnamed.pop(), self.unnamed.is_empty(), self.named.is_empty()) {
            (Some(only), true, true) => DocumentOperations::Single(only),
            (Some(unnamed), ..) => {
                return Err(invalid(unnamed.pos, "An operation without a name must be the only one.".to_owned()));
            }
            (None, ..) if self.named.is_empty() => {
                return Err(coded(Code::GraphqlValidationFailed, "The document holds no operation."));
            }
            (None, ..) => DocumentOperations::Multiple(self.named),
        };
        Ok(ExecutableDocument { operations, fragments: self.fragments })
    }
}

fn invalid(pos: Pos, message: String) -> ServerError {
    let mut error = coded(Code::GraphqlValidationFailed, message);
    error.locations.push(pos);
    error
}

struct Parser<'t, 'a> {
    tokens: &'t [Token<'a>],
    at: usize,
}

impl<'t, 'a> Parser<'t, 'a> {
    fn kind(&self) -> &'t Kind<'a> {
        self.tokens.get(self.at).map_or(&Kind::End, |token| &token.kind)
    }

    fn following(&self) -> &'t Kind<'a> {
        self.tokens.get(self.at + 1).map_or(&Kind::End, |token| &token.kind)
    }

    fn pos(&self) -> Pos {
        self.tokens.get(self.at).or(self.tokens.last()).map_or_else(Pos::default, |token| token.pos)
    }

    fn is(&self, mark: char) -> bool {
        *self.kind() == Kind::Mark(mark)
    }

    fn is_word(&self, word: &str) -> bool {
        *self.kind() == Kind::Name(word)
    }

    /// Steps over a mark if it is the next token.
    fn skip(&mut self, mark: char) -> bool {
        let there = self.is(mark);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, mark: char) -> Parsed<()> {
        if self.skip(mark) { Ok(()) } else { Err(self.expected(&format!("`{mark}`"))) }
    }

    /// What is there is none of what may be there. What is there is told only where it is no text of the client's.
    fn expected(&self, what: &str) -> ServerError {
        let found = match self.kind() {
            Kind::Mark(mark) => format!("`{mark}`"),
            Kind::Spread => "`...`".to_owned(),
            Kind::Name(_) => "a name".to_owned(),
            Kind::Int(_) | Kind::Float(_) => "a number".to_owned(),
            Kind::Text(_) => "a string".to_owned(),
            Kind::End => "the end of the document".to_owned(),
        };
        syntax_error(self.pos(), &format!("expected {what}, found {found}"))
    }

    fn name(&mut self) -> Parsed<Positioned<Name>> {
        let Kind::Name(name) = self.kind() else { return Err(self.expected("a name")) };
        let named = Positioned::new(Name::new(name), self.pos());
        self.at += 1;
        Ok(named)
    }

    /// At least one of something between two marks.
    fn some<T>(&mut self, open: char, close: char, one: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.expect(open)?;
        let mut all = vec![one(self)?];
        while !self.skip(close) {
            all.push(one(self)?);
        }
        Ok(all)
    }

    /// The same, or nothing at all.
    fn optional<T>(&mut self, open: char, close: char, one: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        if self.is(open) { self.some(open, close, one) } else { Ok(Vec::new()) }
    }

    fn definition(&mut self, definitions: &mut Definitions) -> Parsed<()> {
        let pos = self.pos();
        let described = matches!(self.kind(), Kind::Text(_));
        self.at += usize::from(described);
        match self.kind() {
            Kind::Mark('{') if !described => {
                let operation = OperationDefinition {
                    ty: OperationType::Query,
                    variable_definitions: Vec::new(),
                    directives: Vec::new(),
                    selection_set: self.selection_set()?,
                };
                definitions.operation(None, Positioned::new(operation, pos));
                Ok(())
            }
            Kind::Name("query") => self.operation(OperationType::Query, pos, definitions),
            Kind::Name("mutation") => self.operation(OperationType::Mutation, pos, definitions),
            Kind::Name("subscription") => self.operation(OperationType::Subscription, pos, definitions),
            Kind::Name("fragment") => self.fragment(pos, definitions),
            _ => Err(self.expected("`{`, `query`, `mutation`, `subscription` or `fragment`")),
        }
    }

    fn operation(&mut self, ty: OperationType, pos: Pos, definitions: &mut Definitions) -> Parsed<()> {
        self.at += 1;
        let name = if matches!(self.kind(), Kind::Name(_)) { Some(self.name()?.node) } else { None };
        let operation = OperationDefinition {
            ty,
            variable_definitions: self.optional('(', ')', Self::variable_definition)?,
            directives: self.directives(false)?,
            selection_set: self.selection_set()?,
        };
        definitions.operation(name, Positioned::new(operation, pos));
        Ok(())
    }

    fn fragment(&mut self, pos: Pos, definitions: &mut Definitions) -> Parsed<()> {
        self.at += 1;
        let name = self.fragment_name()?.node;
        if !self.is_word("on") {
            return Err(self.expected("`on`"));
        }
        let fragment = FragmentDefinition {
            type_condition: self.type_condition()?,
            directives: self.directives(false)?,
            selection_set: self.selection_set()?,
        };
        definitions.fragment(name, Positioned::new(fragment, pos));
        Ok(())
    }

    fn fragment_name(&mut self) -> Parsed<Positioned<Name>> {
        if self.is_word("on") { Err(self.expected("the name of a fragment")) } else { self.name() }
    }

    fn type_condition(&mut self) -> Parsed<Positioned<TypeCondition>> {
        let pos = self.pos();
        self.at += 1;
        Ok(Positioned::new(TypeCondition { on: self.name()? }, pos))
    }

    fn variable_definition(&mut self) -> Parsed<Positioned<VariableDefinition>> {
        if matches!(self.kind(), Kind::Text(_)) {
            self.at += 1;
        }
        let pos = self.pos();
        self.expect('$')?;
        let name = self.name()?;
        self.expect(':')?;
        let type_pos = self.pos();
        let var_type = Positioned::new(self.type_reference()?, type_pos);
        let default_value = if self.skip('=') {
            let pos = self.pos();
            Some(Positioned::new(self.constant()?, pos))
        } else {
            None
        };
        let directives = self.directives(true)?;
        Ok(Positioned::new(VariableDefinition { name, var_type, directives, default_value }, pos))
    }

    fn type_reference(&mut self) -> Parsed<Type> {
        let base = if self.skip('[') {
            let item = self.type_reference()?;
            self.expect(']')?;
            BaseType::List(Box::new(item))
        } else {
            BaseType::Named(self.name()?.node)
        };
        Ok(Type { base, nullable: !self.skip('!') })
    }

    fn selection_set(&mut self) -> Parsed<Positioned<SelectionSet>> {
        let pos = self.pos();
        let items = self.some('{', '}', Self::selection)?;
        Ok(Positioned::new(SelectionSet { items }, pos))
    }

    fn selection(&mut self) -> Parsed<Positioned<Selection>> {
        let pos = self.pos();
        let selection = if *self.kind() == Kind::Spread {
            self.at += 1;
            self.spread(pos)?
        } else {
            Selection::Field(Positioned::new(self.field()?, pos))
        };
        Ok(Positioned::new(selection, pos))
    }

    fn field(&mut self) -> Parsed<Field> {
        let first = self.name()?;
        let (alias, name) = if self.skip(':') { (Some(first), self.name()?) } else { (None, first) };
        let arguments = self.arguments(false)?;
        let directives = self.directives(false)?;
        let selection_set = if self.is('{') { self.selection_set()? } else { Positioned::default() };
        Ok(Field { alias, name, arguments, directives, selection_set })
    }

    fn spread(&mut self, pos: Pos) -> Parsed<Selection> {
        if matches!(self.kind(), Kind::Name(_)) && !self.is_word("on") {
            let spread = FragmentSpread { fragment_name: self.name()?, directives: self.directives(false)? };
            return Ok(Selection::FragmentSpread(Positioned::new(spread, pos)));
        }
        let type_condition = if self.is_word("on") { Some(self.type_condition()?) } else { None };
        let fragment = InlineFragment {
            type_condition,
            directives: self.directives(false)?,
            selection_set: self.selection_set()?,
        };
        Ok(Selection::InlineFragment(Positioned::new(fragment, pos)))
    }

    fn directives(&mut self, constant: bool) -> Parsed<Vec<Positioned<Directive>>> {
        let mut directives = Vec::new();
        while self.is('@') {
            let pos = self.pos();
            self.at += 1;
            let directive = Directive { name: self.name()?, arguments: self.arguments(constant)? };
            directives.push(Positioned::new(directive, pos));
        }
        Ok(directives)
    }

    fn arguments(&mut self, constant: bool) -> Parsed<Vec<(Positioned<Name>, Positioned<Value>)>> {
        self.optional('(', ')', |parser| {
            let name = parser.name()?;
            parser.expect(':')?;
            let pos = parser.pos();
            Ok((name, Positioned::new(parser.value(constant)?, pos)))
        })
    }

    fn constant(&mut self) -> Parsed<ConstValue> {
        let pos = self.pos();
        // Variables were refused on the way.
        self.value(true)?.into_const().ok_or_else(|| syntax_error(pos, "expected a value without variables"))
    }

    fn value(&mut self, constant: bool) -> Parsed<Value> {
        let value = match self.kind() {
            Kind::Mark('[') => return self.list(constant),
            Kind::Mark('{') => return self.object(constant),
            Kind::Mark('$') if constant => return Err(self.expected("a value without variables")),
            Kind::Mark('$') if matches!(self.following(), Kind::Name(_)) => {
                self.at += 1;
                return Ok(Value::Variable(self.name()?.node));
            }
            Kind::Int(text) => self.whole(text)?,
            Kind::Float(text) => self.number(text)?,
            Kind::Text(text) => Value::String(text.to_string()),
            Kind::Name("true") => Value::Boolean(true),
            Kind::Name("false") => Value::Boolean(false),
            Kind::Name("null") => Value::Null,
            Kind::Name(name) => Value::Enum(Name::new(name)),
            _ => return Err(self.expected("a value")),
        };
        self.at += 1;
        Ok(value)
    }

    fn whole(&self, text: &str) -> Parsed<Value> {
        match (text.parse::<i64>(), text.parse::<u64>()) {
            (Ok(number), _) => Ok(Value::Number(number.into())),
            (_, Ok(number)) => Ok(Value::Number(number.into())),
            _ => self.number(text),
        }
    }

    fn number(&self, text: &str) -> Parsed<Value> {
        let number = text.parse::<f64>().ok().and_then(Number::from_f64);
        number.map(Value::Number).ok_or_else(|| syntax_error(self.pos(), "this number is too large"))
    }

    fn list(&mut self, constant: bool) -> Parsed<Value> {
        self.expect('[')?;
        let mut items = Vec::new();
        while !self.skip(']') {
            items.push(self.value(constant)?);
        }
        Ok(Value::List(items))
    }

    fn object(&mut self, constant: bool) -> Parsed<Value> {
        self.expect('{')?;
        let mut fields = IndexMap::new();
        while !self.skip('}') {
            let name = self.name()?;
            self.expect(':')?;
            let value = self.value(constant)?;
            if fields.contains_key(&name.node) {
                return Err(invalid(name.pos, format!("The input field `{}` is given more than once.", name.node)));
            }
            fields.insert(name.node, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;
    use crate::http::words::code_of;

    fn read(text: &str) -> Result<ExecutableDocument, ServerError> {
        document(&tokens(text)?)
    }

    #[test]
    fn every_part_of_a_document_is_read() {
        let text = r#"
            "Told" query Q("told" $a: [Int!]! = [1], $b: In = {c: {d: null}}) @y(z: $a) {
              one: two(a: -1.5e3, b: "t", c: TRUE, d: [true, [], {}], e: $a) @skip(if: false) { ...F @z ... on T { on } ... { b } }
            }
            fragment F on Query @x { __typename fragment: query }
        "#;
        let ours = read(text).unwrap();
        let plain = text.replacen("\"Told\" ", "", 1).replacen("\"told\" ", "", 1);
        let theirs = async_graphql::parser::parse_query(plain).unwrap();
        let structure = |document: &ExecutableDocument| {
            let text = format!("{:?}{:?}", document.operations, document.fragments);
            text.split("Pos(").map(|part| part.split_once(')').map_or(part, |(_, rest)| rest)).collect::<String>()
        };
        assert_eq!(structure(&ours), structure(&theirs));
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for text in [
            "",
            "{",
            "}",
            "{}",
            "{ a() }",
            "{ a(b: ) }",
            "{ a(b) }",
            "query { a } }",
            "query Q() { a }",
            "query (a: Int) { a }",
            "query ($a) { a }",
            "query ($a: Int = $b) { a }",
            "query ($a: Int @x(y: $b)) { a }",
            "query ($a: [Int) { a }",
            "{ ... }",
            "{ ...on }",
            "{ ...F(a: 1) }",
            "fragment on on T { a } { b }",
            "fragment F { a } { b }",
            "{ a: b: c }",
            "{ a(b: $) }",
            "{ a(b: {c}) }",
            "{ a(b: [1) }",
            "{ a @ }",
            "type T { a: Int }",
            "extend type T { a: Int }",
            "schema { query: Q }",
            "notanoperation { a }",
            "\"told\" { a }",
            "{ a } \"told\"",
            "{ a ? }",
            "query Q { a } %",
        ] {
            assert_eq!(code_of(&read(text).unwrap_err()), "GRAPHQL_PARSE_FAILED", "{text}");
        }
    }

    #[test]
    fn names_are_given_once() {
        for text in [
            "{ a } { b }",
            "{ a } query Q { b }",
            "query Q { a } mutation Q { b }",
            "{ ...F } fragment F on T { a } fragment F on T { b }",
            "{ a(b: {c: 1, c: 1}) }",
            "{ a(b: [{c: {d: 1, d: 2}}]) }",
            "query ($a: In = {b: 1, b: 2}) { a }",
            "fragment F on T { a }",
        ] {
            assert_eq!(code_of(&read(text).unwrap_err()), "GRAPHQL_VALIDATION_FAILED", "{text}");
        }
    }
}
