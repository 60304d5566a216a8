//! What is true of the input of every mutation, generated from the schema.

use std::cell::RefCell;

use tests::inputs::{Inputs, SESSIONS};

#[tokio::test]
async fn every_mutation_has_a_sample_that_is_done() {
    let (inputs, wrong) = (Inputs::read(), RefCell::new(Vec::new()));
    for mutation in inputs.mutations().into_iter().filter(|name| !SESSIONS.contains(name)) {
        tests::on_sqlite(async |world| {
            let cast = world.cast().await;
            let story = world.story(&cast).await;
            let sample = inputs.sample(&world, &cast, &story, mutation).await;
            let answer = sample.actor.mutate(mutation, sample.input.clone(), "__typename").await;
            if !answer.codes().is_empty() || !answer.mistakes().is_empty() {
                wrong.borrow_mut().push(format!("{mutation} {}: {}", sample.input, answer.body));
            }
        })
        .await;
    }
    let wrong = wrong.into_inner();
    assert!(wrong.is_empty(), "{} samples are not done:\n{}", wrong.len(), wrong.join("\n"));
}
