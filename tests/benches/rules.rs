//! Pure rules: sharing credit by every model, and money.

use std::hint::black_box;

use chrono::{DateTime, Duration, Utc};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use tributary::attribution::rules::{Milestones, Model, Options, Touch, Window, credits, journey};
use tributary::money::{convert, parse_minor, print_minor, split};
use uuid::Uuid;

fn touches(count: usize) -> Vec<Touch> {
    let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().expect("a time");
    let touch = |place: usize| Touch {
        id: Uuid::from_u128(place as u128 + 1),
        occurred_at: start + Duration::hours(place as i64),
        channel_is_direct: place.is_multiple_of(3),
    };
    (0..count).map(touch).collect()
}

fn attribution(criterion: &mut Criterion) {
    let milestones = Milestones {
        lead_created_at: Some("2026-01-02T00:00:00Z".parse().expect("a time")),
        deal_created_at: "2026-02-01T00:00:00Z".parse().expect("a time"),
        cutoff: "2026-03-01T00:00:00Z".parse().expect("a time"),
    };
    let mut group = criterion.benchmark_group("credits");
    for count in [10, 100] {
        let touches = touches(count);
        let window = Window::default();
        for model in Model::ALL {
            group.bench_with_input(BenchmarkId::new(format!("{model:?}"), count), &touches, |bencher, touches| {
                bencher.iter(|| {
                    let journey = journey(black_box(touches), &milestones, &window);
                    credits(&journey, &milestones, model, &Options::default(), 1_234_567)
                });
            });
        }
    }
    group.finish();
}

fn money(criterion: &mut Criterion) {
    let weights: Vec<u64> = (1..=20).collect();
    criterion.bench_function("money/split among 20", |bencher| bencher.iter(|| split(black_box(1_234_567), &weights)));
    criterion.bench_function("money/parse", |bencher| bencher.iter(|| parse_minor(black_box("12345.67"), "EUR")));
    criterion.bench_function("money/print", |bencher| bencher.iter(|| print_minor(black_box(1_234_567), "EUR")));
    criterion
        .bench_function("money/convert", |bencher| bencher.iter(|| convert(black_box(1_234_567), 2, 2, 92_150_000)));
}

criterion_group!(benches, attribution, money);
criterion_main!(benches);
