//! The types of figures, for each entity and for all.

use std::sync::{Arc, LazyLock};

use async_graphql::Value;
use async_graphql::indexmap::IndexMap;
use async_graphql::registry::{MetaField, MetaInputValue, Registry};

use super::figure::{numbers, point};
use super::key::{Groupable, groupables, has_ranges};
use super::window::{Comparing, Period};
use crate::error::Result;
use crate::graphql::filter::shout;
use crate::graphql::register::{
    add_args, argument, described, insert, insert_enum, insert_input, insert_object, insert_one_of, out_name, out_type,
    words,
};
use crate::graphql::value::money_type;
use crate::store::bucket::Bucket;
use crate::store::descriptor::{Descriptor, Graph, Key, OutObject, OutType, Shape, choice};
use crate::store::figures::Measure;

/// A function of the values of each field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Made {
    /// Their sum.
    Sum,
    /// Their mean.
    Avg,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The value below which a part of them lies.
    Quantile {
        /// The part.
        point: f64,
        /// Is it the median?
        middle: bool,
    },
}

/// The functions in the order of their fields.
const FUNCTIONS: [(&str, Made); 6] = [
    ("sum", Made::Sum),
    ("avg", Made::Avg),
    ("min", Made::Min),
    ("max", Made::Max),
    ("median", Made::Quantile { point: 0.5, middle: true }),
    ("percentile", Made::Quantile { point: 0.5, middle: false }),
];

impl Made {
    /// The function of a field; none if the field is none.
    ///
    /// # Errors
    /// BAD_USER_INPUT: a percentile that is none.
    pub fn named(name: &str, p: Option<&Value>) -> Result<Option<Self>> {
        Ok(match FUNCTIONS.iter().find(|(known, _)| *known == name) {
            Some((_, Self::Quantile { middle: false, .. })) => {
                Some(Self::Quantile { point: point(p, "percentile")?, middle: false })
            }
            found => found.map(|(_, made)| *made),
        })
    }

    /// The object of its fields.
    pub fn type_name(self, of: &Descriptor) -> String {
        let suffix = match self {
            Self::Sum => "Sum",
            Self::Avg => "Avg",
            Self::Min => "Min",
            Self::Max => "Max",
            Self::Quantile { .. } => "Quantile",
        };
        format!("{}{suffix}", of.name)
    }

    /// Notes what it takes.
    pub fn wants(self, measure: &mut Measure) {
        match self {
            Self::Sum | Self::Avg => measure.sum = true,
            Self::Min | Self::Max => measure.range = true,
            Self::Quantile { point, .. } => measure.points.push(point),
        }
    }

    /// Which of the percentiles of a measure it is.
    pub fn place(self, measure: &Measure) -> Option<usize> {
        let Self::Quantile { point, .. } = self else { return None };
        measure.points.iter().position(|known| *known == point)
    }

    fn doc(self) -> (&'static str, &'static str) {
        const SUMS: &str = "Sums. Amounts are kept apart by currency, so the list is empty if there are none; numbers then add up to 0. Numbers are exact up to 2^53.";
        const MEANS: &str =
            "Averages over the rows that have a value; null if none has one. Amounts are kept apart by currency.";
        const LEAST: &str = "The smallest values; null if there are none. Amounts are kept apart by currency.";
        const MOST: &str = "The largest values; null if there are none. Amounts are kept apart by currency.";
        const PARTS: &str = "Values below which a part of all lies, between two of them in proportion; null if there are none. Amounts are kept apart by currency.";
        match self {
            Self::Sum => (SUMS, SUMS),
            Self::Avg => (MEANS, MEANS),
            Self::Min => (LEAST, LEAST),
            Self::Max => (MOST, MOST),
            Self::Quantile { middle: true, .. } => {
                (PARTS, "The median: the middle value, or the mean of the two middle ones.")
            }
            Self::Quantile { .. } => {
                (PARTS, "The value below which this part of all lies, between two of them in proportion.")
            }
        }
    }
}

/// The type of a figure; none where the function makes no sense.
fn figure_type(made: Made, shape: Shape) -> Option<OutType> {
    let (adds_up, quantile) = (matches!(made, Made::Sum | Made::Avg), matches!(made, Made::Quantile { .. }));
    match shape {
        // A list of one amount a currency; nullable, for those who may not read the field.
        Shape::Money => Some(OutType::List(Box::new(money_type(true)), false)),
        Shape::Int | Shape::Long if adds_up || quantile => Some(OutType::Scalar("Float")),
        Shape::Int => Some(OutType::Scalar("Int")),
        Shape::Long => Some(OutType::Scalar("Long")),
        Shape::Decimal(_) if made == Made::Avg || quantile => Some(OutType::Scalar("Float")),
        Shape::Decimal(_) => Some(OutType::Scalar("Decimal")),
        Shape::DateTime if !adds_up && !quantile => Some(OutType::Scalar("DateTime")),
        Shape::Date if !adds_up && !quantile => Some(OutType::Scalar("Date")),
        _ => None,
    }
}

/// A range of numbers, as a key.
pub fn range_type() -> OutType {
    static RANGE: LazyLock<Arc<OutObject>> = LazyLock::new(|| {
        let bounds = vec![
            ("from", "The least number in it; null if it has none.", OutType::Scalar("Decimal")),
            ("to", "The number just beyond it; null if there is none.", OutType::Scalar("Decimal")),
        ];
        OutObject::new("NumberRange", "A range of numbers.", bounds)
    });
    OutType::Object(Arc::clone(&RANGE), false)
}

/// What figures of all entities share.
pub fn shared(registry: &mut Registry, graph: &'static Graph) {
    for one in [choice::<Bucket>(), choice::<Comparing>(), choice::<Period>()] {
        (one.register)(registry);
    }
    out_type(registry, graph, &range_type());
    insert_input(
        registry,
        "NumberRangeInput",
        "A range of numbers; of amounts in units of the base currency.",
        vec![
            argument("from", "Decimal", "Its least value.", None),
            argument("to", "Decimal", "What lies just beyond it.", None),
        ],
    );
}

/// The types of the figures of an entity, and its fields of a connection.
pub fn register(registry: &mut Registry, graph: &'static Graph, of: &'static Descriptor) -> [MetaField; 2] {
    objects(registry, graph, of);
    keys(registry, graph, of);
    inputs(registry, of);
    let window = || {
        argument(
            "window",
            &format!("{}Window", of.name),
            "The days that the figures are about, by one date of the rows.",
            None,
        )
    };
    let zone = || {
        let doc = "The zone in which days, weeks, months, quarters and years begin; the company's unless given.";
        argument("timeZone", "TimeZone", doc, None)
    };
    let mut aggregate = described(
        MetaField::new("aggregate", format!("{}Aggregate", of.name)),
        "Figures over the whole list, in one statement for each currency that keeps amounts apart.",
    );
    add_args(&mut aggregate, vec![window(), zone()]);
    let mut groups = described(
        MetaField::new("groupBy", format!("[{}Group!]", of.name)),
        "Figures over the whole list in groups, ordered by their keys unless `orderBy` says otherwise; at most 1,000 groups, \
         of any number if the `first` of them are asked for.",
    );
    let by = "One to four things to group by: fields, references, or what lies behind up to three references.";
    add_args(
        &mut groups,
        vec![
            argument("by", &format!("[{}GroupBy!]!", of.name), by, None),
            zone(),
            window(),
            argument(
                "orderBy",
                &format!("[{}GroupOrder!]", of.name),
                "At most four figures or keys; ties are broken by the keys, and what is empty comes last.",
                None,
            ),
            argument("having", &format!("[{}Having!]", of.name), "Only groups whose figures pass all of these.", None),
            argument("first", "Int", "At most so many groups, in their order.", None),
        ],
    );
    [aggregate, groups]
}

fn objects(registry: &mut Registry, graph: &'static Graph, of: &'static Descriptor) {
    let plural = words(of.plural);
    let filter = || {
        let doc = format!("Only {plural} of the list that match.");
        argument("filter", &format!("{}Filter", of.name), &doc, None)
    };
    let figure = |name: &str, doc: &str| argument(name, &format!("{}Figure!", of.name), doc, None);
    let mut fields = IndexMap::new();
    let mut put = |field: MetaField, args: Vec<MetaInputValue>| {
        let mut field = field;
        add_args(&mut field, args);
        insert(&mut fields, field);
    };
    put(described(MetaField::new("count", "Int!"), "How many rows."), vec![filter()]);
    let doc = "The rows themselves: give it to `cell` in the filter of a list of their kind. It is evaluated anew there, under the rights of whoever asks; null where what makes the rows is too long to be told, and in what is `compared` where there are none.";
    put(described(MetaField::new("cell", "ID"), doc), Vec::new());
    let of_arg = argument("of", &format!("{}GroupField!", of.name), "What is told apart.", None);
    put(
        described(
            MetaField::new("countDistinct", "Int"),
            "How many different values there are; empty ones do not count.",
        ),
        vec![of_arg, filter()],
    );
    for (name, made) in FUNCTIONS {
        let known: Vec<_> =
            of.fields.iter().filter_map(|field| Some((field, figure_type(made, field.shape)?))).collect();
        if known.is_empty() {
            continue;
        }
        let (object_doc, doc) = made.doc();
        let mut inner = IndexMap::new();
        for (field, ty) in known {
            insert(&mut inner, described(MetaField::new(&field.name, out_name(graph, &ty)), field.doc));
        }
        insert_object(registry, &made.type_name(of), object_doc, inner);
        let p = matches!(made, Made::Quantile { middle: false, .. })
            .then(|| argument("p", "Float!", "Which part, from 0 to 1: 0.9 for the 90th percentile.", None));
        put(
            described(MetaField::new(name, format!("{}!", made.type_name(of))), doc),
            p.into_iter().chain([filter()]).collect(),
        );
    }
    put(
        described(
            MetaField::new("ratio", "Float"),
            "One figure divided by another one, such as the won deals by the decided ones; null if the other one is 0 or there is none. Amounts count in units of the base currency.",
        ),
        vec![figure("of", "What is divided."), figure("to", "By what.")],
    );
    put(
        described(
            MetaField::new("change", "Float"),
            "By which part a figure has changed since the days that the window is compared with: 0.25 if it has grown by a quarter; null if it was 0 or there is nothing to compare with.",
        ),
        vec![figure("of", "What has changed.")],
    );
    put(
        described(
            MetaField::new("compared", format!("{}Aggregate", of.name)),
            "The figures of the days that the window is compared with; null if it is with none.",
        ),
        Vec::new(),
    );
    let aggregate = fields.clone();
    insert_object(
        registry,
        &format!("{}Aggregate", of.name),
        &format!("Figures over all {plural} of a list, not just one page."),
        aggregate,
    );
    let mut group = IndexMap::new();
    let doc = "What the group has in common; only what was grouped by is filled.";
    insert(&mut group, described(MetaField::new("key", format!("{}GroupKey!", of.name)), doc));
    group.extend(fields);
    let mut put = |field: MetaField, doc: &str| {
        let mut field = described(field, doc);
        add_args(&mut field, vec![figure("of", "A count or a sum.")]);
        insert(&mut group, field);
    };
    put(
        MetaField::new("shareOfTotal", "Float"),
        "The part that the group has of a count or sum over all groups, from 0 to 1, whether `having` and `first` leave them out or not; null if that is 0.",
    );
    put(
        MetaField::new("runningTotal", "Decimal"),
        "A count or sum over all groups up to this one, in their order, whether `having` leaves them out or not; amounts in units of the base currency.",
    );
    insert_object(
        registry,
        &format!("{}Group", of.name),
        &format!("Some {plural} of a list, with something in common."),
        group,
    );
}

fn keys(registry: &mut Registry, graph: &'static Graph, of: &'static Descriptor) {
    let mut fields = IndexMap::new();
    for (name, by) in groupables(of) {
        let (doc, ty) = match by {
            Groupable::Link(link) => (link.doc.to_owned(), OutType::Node(link.to)),
            Groupable::Field(field) => match field.shape {
                Shape::Choice(choice) => (field.doc.to_owned(), OutType::Choice(choice, false)),
                Shape::Boolean => (field.doc.to_owned(), OutType::Scalar("Boolean")),
                Shape::Int => (field.doc.to_owned(), OutType::Scalar("Int")),
                Shape::Decimal(_) => (field.doc.to_owned(), OutType::Scalar("Decimal")),
                Shape::DateTime | Shape::Date => {
                    (format!("First day of the bucket. {}", field.doc), OutType::Scalar("Date"))
                }
                Shape::Money => continue,
                _ => (field.doc.to_owned(), OutType::Scalar("String")),
            },
        };
        out_type(registry, graph, &ty);
        insert(&mut fields, described(MetaField::new(name, out_name(graph, &ty)), &doc));
    }
    for field in of.fields.iter().filter(|field| has_ranges(field)) {
        let doc = format!("The range that it is in, where `by` gave `ranges`. {}", field.doc);
        insert(&mut fields, described(MetaField::new(format!("{}Range", field.name), "NumberRange"), &doc));
    }
    for link in of.links.iter().filter(|link| matches!(link.key, Key::One(_))) {
        let doc = format!("What was grouped by behind {}.", link.name);
        let ty = format!("{}GroupKey", graph.of(link.to).name);
        insert(&mut fields, described(MetaField::new(format!("{}Key", link.name), ty), &doc));
    }
    let doc = format!("What {} of a group have in common; missing values form a group of their own.", words(of.plural));
    insert_object(registry, &format!("{}GroupKey", of.name), &doc, fields);
    let names = groupables(of).map(|(name, by)| (shout(name), by.doc())).collect();
    let group_field = format!("{}GroupField", of.name);
    insert_enum(registry, &group_field, &format!("What {} can be grouped by.", words(of.plural)), names);
    let mut values = vec![
        argument("field", &group_field, "The field, or a reference itself.", None),
        argument("bucket", "DateBucket", "For dates: the length of a bucket; DAY unless given.", None),
        argument(
            "ranges",
            "[NumberRangeInput!]",
            "For numbers, and amounts in the base currency: ranges instead of values, in their order and without overlap; rows outside of all have the key null.",
            None,
        ),
    ];
    for link in of.links.iter().filter(|link| matches!(link.key, Key::One(_))) {
        let target = graph.of(link.to);
        let doc = format!("Instead of a field: what to group by behind {}.", link.name);
        values.push(argument(&link.name, &format!("{}GroupBy", target.name), &doc, None));
    }
    let doc = format!("One key of groups of {}: a field, or one reference with what lies behind it.", words(of.plural));
    insert_input(registry, &format!("{}GroupBy", of.name), &doc, values);
}

fn inputs(registry: &mut Registry, of: &'static Descriptor) {
    let (name, plural) = (of.name, words(of.plural));
    let filter = || argument("filter", &format!("{name}Filter"), "Only rows that match.", None);
    insert_input(registry, &format!("{name}FigureCountInput"), "How many rows.", vec![filter()]);
    let distinct = argument("field", &format!("{name}GroupField!"), "What is told apart.", None);
    insert_input(
        registry,
        &format!("{name}FigureDistinctInput"),
        "How many different values there are.",
        vec![distinct, filter()],
    );
    let mut figures = vec![
        argument("count", &format!("{name}FigureCountInput"), "How many rows.", None),
        argument("countDistinct", &format!("{name}FigureDistinctInput"), "How many different values there are.", None),
    ];
    let fields: Vec<_> = numbers(of).map(|field| (shout(&field.name), field.doc)).collect();
    if !fields.is_empty() {
        let number = format!("{name}NumberField");
        let doc = format!("The numbers of {plural} that can be set in relation: amounts only in the base currency.");
        insert_enum(registry, &number, &doc, fields);
        let field = || argument("field", &format!("{number}!"), "Of which number.", None);
        insert_input(
            registry,
            &format!("{name}FigureValueInput"),
            "A function of one number.",
            vec![field(), filter()],
        );
        let p = argument("p", "Float!", "Which part, from 0 to 1: 0.9 for the 90th percentile.", None);
        let percentile = format!("{name}FigurePercentileInput");
        insert_input(registry, &percentile, "The value below which a part of all lies.", vec![field(), p, filter()]);
        for (function, doc) in [
            ("sum", "The sum; 0 of none."),
            ("avg", "The mean."),
            ("min", "The smallest value."),
            ("max", "The largest value."),
            ("median", "The middle value, or the mean of the two middle ones."),
        ] {
            figures.push(argument(function, &format!("{name}FigureValueInput"), doc, None));
        }
        figures.push(argument("percentile", &percentile, "The value below which a part of all lies.", None));
    }
    let figure = format!("{name}Figure");
    let part = |name: &str, doc: &str| argument(name, &format!("{figure}!"), doc, None);
    insert_input(
        registry,
        &format!("{name}FigureRatioInput"),
        "One figure divided by another one.",
        vec![part("of", "What is divided; no ratio itself."), part("to", "By what; no ratio itself.")],
    );
    figures.push(argument(
        "ratio",
        &format!("{name}FigureRatioInput"),
        "One figure divided by another one, amounts in units of the base currency; empty if that is 0 or there is none.",
        None,
    ));
    insert_one_of(registry, &figure, &format!("A figure of {plural}: a single number."), figures);
    insert_input(
        registry,
        &format!("{name}GroupOrder"),
        &format!("What groups of {plural} are ordered by: either a figure or a key."),
        vec![
            argument("figure", &figure, "A figure.", None),
            argument("key", "Int", "A key, by its place in `by`: 0 for the first.", None),
            argument("direction", "OrderDirection", "Whether small or large values come first.", Some("ASC")),
        ],
    );
    let mut tests =
        vec![argument("figure", &format!("{figure}!"), "The figure; amounts in units of the base currency.", None)];
    for (test, doc) in [
        ("eq", "It is this."),
        ("ne", "It is not this."),
        ("lt", "It is less."),
        ("lte", "It is less, or this."),
        ("gt", "It is greater."),
        ("gte", "It is greater, or this."),
    ] {
        tests.push(argument(test, "Decimal", doc, None));
    }
    insert_input(registry, &format!("{name}Having"), &format!("What a figure of a group of {plural} must be."), tests);
    insert_input(
        registry,
        &format!("{name}Window"),
        &format!("Days, by one date of {plural}."),
        vec![
            argument("field", &format!("{name}GroupField!"), "The date.", None),
            argument("from", "Date", "The first day.", None),
            argument("to", "Date", "The day after the last.", None),
            argument("period", "WindowPeriod", "Instead of `from` and `to`: a period seen from today.", None),
            argument(
                "fill",
                "Boolean",
                "Of groups: buckets without rows are answered as well. The date has to be the last key.",
                Some("false"),
            ),
            argument(
                "compare",
                "WindowComparison",
                "With which days they are compared, in `compared` and `change`.",
                None,
            ),
        ],
    );
}
