//! How an enum is declared once for the database, the graph and JSON.

/// Declares enums whose values have one spelling, `SCREAMING_SNAKE_CASE`, in the database, in
/// GraphQL and in JSON. The first variant is the default. The doc comments become the descriptions
/// in the GraphQL schema, so they are written for its readers.
///
/// ```text
/// choices! {
///     /// How warm it is.
///     pub enum Warmth {
///         /// Ice does not melt.
///         Cold,
///         /// Ice melts.
///         Warm,
///     }
/// }
/// assert_eq!(Warmth::Cold.as_str(), "COLD");
/// ```
macro_rules! choices {
    ($(
        $(#[$about:meta])+
        pub enum $name:ident {
            $(#[$about_first:meta])+
            $first:ident,
            $(
                $(#[$about_other:meta])+
                $other:ident,
            )*
        }
    )+) => {
        $(
            $(#[$about])+
            #[derive(
                Clone,
                Copy,
                Debug,
                Default,
                PartialEq,
                Eq,
                Hash,
                ::sea_orm::EnumIter,
                ::sea_orm::DeriveActiveEnum,
                ::async_graphql::Enum,
                ::serde::Serialize,
                ::serde::Deserialize,
            )]
            #[sea_orm(
                rs_type = "String",
                db_type = "String(::sea_orm::sea_query::StringLen::N(32))",
                rename_all = "SCREAMING_SNAKE_CASE"
            )]
            #[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
            #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
            pub enum $name {
                #[default]
                $(#[$about_first])+
                $first,
                $(
                    $(#[$about_other])+
                    $other,
                )*
            }

            impl $name {
                /// The spelling used in the database, in GraphQL and in JSON.
                pub fn as_str(self) -> &'static str {
                    // GraphQL lists the values in the order of the variants.
                    <Self as ::async_graphql::resolver_utils::EnumType>::items()
                        .get(self as usize)
                        .map_or("", |item| item.name)
                }
            }
        )+

        #[cfg(test)]
        mod spelling {
            #[test]
            fn is_one_everywhere() {
                $( crate::choice::tests::assert_one_spelling::<super::$name>(super::$name::as_str); )+
            }
        }
    };
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fmt::Debug;

    use async_graphql::resolver_utils::EnumType;
    use sea_orm::{ActiveEnum, Iterable};
    use serde::Serialize;

    /// Every value of the enum reads the same in the database, in GraphQL and in JSON, can be read
    /// back from there, and fits its column.
    pub(crate) fn assert_one_spelling<E>(as_str: fn(E) -> &'static str)
    where
        E: ActiveEnum<Value = String> + EnumType + Iterable + Serialize + Debug,
    {
        let values: Vec<E> = E::iter().collect();
        assert_eq!(values.len(), E::items().len());
        for value in values {
            let spelling = as_str(value);
            let column = value.to_value();
            assert_eq!(column, spelling);
            assert!(column.len() <= 32, "{column} is longer than its column");
            assert_eq!(E::try_from_value(&column), Ok(value));
            assert_eq!(serde_json::json!(value), spelling);
            let item = E::items().iter().find(|item| item.name == spelling);
            assert_eq!(item.map(|item| item.value), Some(value));
        }
    }
}
