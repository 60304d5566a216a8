//! Whatever the guard lets through fits on a stack of 512 KiB, all the way to the answer: parsed, validated, planned
//! and run over an empty database as an admin, where every answer must be coded and in people's words.

#![no_main]

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{LazyLock, Mutex};
use std::thread;

use libfuzzer_sys::fuzz_target;
use tests::manners::INSIDE;
use tributary::access::Role;
use tributary::config::Limits;
use tributary::http::guard;

const STACK: usize = 512 * 1_024;

/// The small stack: documents go in, a sign of life comes out. When it overflows, the process ends and the fuzzer
/// keeps the document.
static SMALL: LazyLock<Mutex<(SyncSender<String>, Receiver<()>)>> = LazyLock::new(|| {
    let (documents, inbox) = sync_channel::<String>(0);
    let (outbox, done) = sync_channel::<()>(0);
    // Borrowed by the thread below, although nobody else reads it.
    let inbox = Mutex::new(inbox);
    thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(tests::on_sqlite(async |world| {
            let admin = world.person("Ada", Role::Admin, None).await;
            let handle = tokio::runtime::Handle::current();
            thread::scope(|scope| {
                let small = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || {
                    for document in inbox.lock().expect("only we read").iter() {
                        if guard::admit(&document, &Limits::default()).is_ok() {
                            handle.block_on(admin.ask(&document));
                        }
                        outbox.send(()).expect("the fuzzer waits");
                    }
                });
                small.expect("a thread").join().expect("no panic");
            });
        }));
    });
    Mutex::new((documents, done))
});

fuzz_target!(|document: &str| {
    // Whoever asks for a field of such a name reads the name in the refusal.
    if INSIDE.iter().any(|word| document.contains(word)) {
        return;
    }
    let small = SMALL.lock().expect("one document at a time");
    small.0.send(document.to_owned()).expect("the small stack lives");
    small.1.recv().expect("the small stack survived");
});
