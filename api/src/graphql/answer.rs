//! Typed answers of reports and computed fields: a struct says what its GraphQL object is, and becomes it.
//!
//! ```
//! use tributary::answer;
//! use tributary::graphql::answer::{Answer, Money};
//!
//! answer! {
//!     /// What was sold.
//!     pub struct SalesReport {
//!         /// The revenue.
//!         pub revenue: Money,
//!         /// How many deals were won, if any were decided.
//!         pub won: Option<i64>,
//!     }
//! }
//! let report = SalesReport { revenue: Money::new(500, "EUR"), won: None };
//! assert!(matches!(report.out(), tributary::store::descriptor::Out::Object(fields) if fields.len() == 2));
//! ```

use std::marker::PhantomData;

use async_graphql::resolver_utils::{EnumType, enum_value};
use async_graphql::{OutputType, Value};
use uuid::Uuid;

use super::value::{money_out, money_type};
use crate::store::Resource;
use crate::store::descriptor::{Out, OutType, choice};

/// What can be answered.
pub trait Answer {
    /// Its GraphQL type, not null or null.
    fn ty(required: bool) -> OutType;

    /// The answer itself.
    fn out(self) -> Out;
}

/// Makes structs whose fields are the fields of a GraphQL object; the comments are its descriptions.
#[macro_export]
macro_rules! answer {
    ($(
        $(#[doc = $doc:literal])+
        $visible:vis struct $name:ident {
            $($(#[doc = $about:literal])+ $field_visible:vis $field:ident: $ty:ty,)+
        }
    )+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug)]
        $visible struct $name {
            $($(#[doc = $about])+ $field_visible $field: $ty,)+
        }

        impl $crate::graphql::answer::Answer for $name {
            fn ty(required: bool) -> $crate::store::descriptor::OutType {
                static OBJECT: std::sync::LazyLock<std::sync::Arc<$crate::store::descriptor::OutObject>> =
                    std::sync::LazyLock::new(|| {
                        let fields = vec![$((
                            $crate::store::descriptor::camel(stringify!($field)),
                            concat!($($about),+).trim(),
                            <$ty as $crate::graphql::answer::Answer>::ty(true),
                        )),+];
                        let fields = fields.iter().map(|(name, doc, ty)| (name.as_str(), *doc, ty.clone())).collect();
                        $crate::store::descriptor::OutObject::new(stringify!($name), concat!($($doc),+).trim(), fields)
                    });
                $crate::store::descriptor::OutType::Object(std::sync::Arc::clone(&OBJECT), required)
            }

            fn out(self) -> $crate::store::descriptor::Out {
                $crate::store::descriptor::Out::Object(vec![
                    $($crate::graphql::answer::Answer::out(self.$field)),+
                ])
            }
        }
    )+};
}

/// An amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    minor: i128,
    currency: String,
}

impl Money {
    /// So many minor units of a currency.
    pub fn new(minor: impl Into<i128>, currency: &str) -> Self {
        Self { minor: minor.into(), currency: currency.to_owned() }
    }
}

/// A row of the graph, null where the viewer may not see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node<E> {
    id: Option<Uuid>,
    entity: PhantomData<fn() -> E>,
}

impl<E> From<Option<Uuid>> for Node<E> {
    fn from(id: Option<Uuid>) -> Self {
        Self { id, entity: PhantomData }
    }
}

impl<E> From<Uuid> for Node<E> {
    fn from(id: Uuid) -> Self {
        Some(id).into()
    }
}

/// One of a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice<T>(pub T);

impl Answer for Money {
    fn ty(required: bool) -> OutType {
        money_type(required)
    }

    fn out(self) -> Out {
        money_out(self.minor, &self.currency)
    }
}

impl<E: Resource> Answer for Node<E> {
    fn ty(_: bool) -> OutType {
        OutType::Node(E::KIND)
    }

    fn out(self) -> Out {
        self.id.map_or(Out::Null, Out::Node)
    }
}

impl<T: EnumType + OutputType> Answer for Choice<T> {
    fn ty(required: bool) -> OutType {
        OutType::Choice(choice::<T>(), required)
    }

    fn out(self) -> Out {
        Out::Value(enum_value(self.0))
    }
}

impl<T: Answer> Answer for Option<T> {
    fn ty(_: bool) -> OutType {
        T::ty(false)
    }

    fn out(self) -> Out {
        self.map_or(Out::Null, T::out)
    }
}

impl<T: Answer> Answer for Vec<T> {
    fn ty(required: bool) -> OutType {
        OutType::List(Box::new(T::ty(true)), required)
    }

    fn out(self) -> Out {
        Out::List(self.into_iter().map(T::out).collect())
    }
}

/// Any JSON value.
impl Answer for serde_json::Value {
    fn ty(_: bool) -> OutType {
        OutType::Scalar("JSON")
    }

    fn out(self) -> Out {
        Out::Value(Value::from_json(self).unwrap_or_default())
    }
}

macro_rules! scalars {
    ($($ty:ty: $required:literal, $nullable:literal;)+) => {$(
        impl Answer for $ty {
            fn ty(required: bool) -> OutType {
                OutType::Scalar(if required { $required } else { $nullable })
            }

            fn out(self) -> Out {
                Out::Value(Value::from(self))
            }
        }
    )+};
}

scalars! {
    i64: "Int!", "Int";
    f64: "Float!", "Float";
    bool: "Boolean!", "Boolean";
    String: "String!", "String";
}
