//! `tributary serve`: the service until it is told to stop.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Console, Failure, Outcome, seed, start};
use crate::app::App;
use crate::config::{Config, Demo};
use crate::{demo, server};

pub(super) async fn run(console: &mut Console<'_>, config: Config) -> Outcome {
    let stop = stop()?;
    let wanted = config.listen;
    // Before the database is touched, so that a taken port is told at once.
    let listener = TcpListener::bind(wanted).await.map_err(|error| Failure::Failed(deaf(wanted, &error)))?;
    let address = listener.local_addr()?;
    // Each connection is a descriptor. Where the system allows no more than it does, the limit of connections is lower.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::debug!(%error, "the limit of descriptors cannot be raised");
    }
    let app = start(config).await?;
    keep_to_this_machine(&app, address).await?;
    if app.config().demo != Demo::Never {
        seed::fill_if_new(&app).await?;
    }
    welcome(console, &app, address).await?;
    server::serve(app.clone(), listener, stop).await?;
    app.store().database().close().await;
    Ok(())
}

/// Why nobody can be heard there, and what to do about it.
fn deaf(wanted: SocketAddr, error: &std::io::Error) -> String {
    let set = "with --listen or TRIBUTARY_LISTEN";
    match error.kind() {
        ErrorKind::AddrInUse => {
            format!("{wanted} is taken by another program. End it, or choose another port {set}.")
        }
        ErrorKind::PermissionDenied => {
            format!("The user who runs the service may not listen on {wanted}. Choose a port above 1023 {set}.")
        }
        ErrorKind::AddrNotAvailable => {
            format!(
                "This machine does not have the address {}. Choose one that it has {set}; 0.0.0.0 stands for all of \
                them.",
                wanted.ip()
            )
        }
        _ => format!("{wanted} cannot be listened on: {error}. Choose another address {set}."),
    }
}

/// Ready at the first SIGTERM or SIGINT.
fn stop() -> Result<impl Future<Output = ()>, Failure> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Everybody knows the passwords of the demo users: where they can sign in, or could in a moment, only this machine may
/// ask, unless that was said otherwise.
async fn keep_to_this_machine(app: &App, address: SocketAddr) -> Outcome {
    let demo = app.config().demo;
    if address.ip().is_loopback() || demo == Demo::Exposed {
        return Ok(());
    }
    if app.store().system().is_demo().await? || (demo == Demo::Auto && seed::has_nobody(app).await?) {
        return Err(Failure::failed(format!(
            "{address} can be reached from other machines, and everybody knows the passwords of the demo users. For real \
             use set TRIBUTARY_ENV=production and give a database of your own (DATABASE_URL). To show the demo company to \
             others all the same, set TRIBUTARY_DEMO=exposed."
        )));
    }
    Ok(())
}

/// Where to go, and as whom.
async fn welcome(console: &mut Console<'_>, app: &App, address: SocketAddr) -> Outcome {
    let at = reachable(address);
    console.say(format!("\nTributary is ready.\n  GraphQL     http://{at}/graphql\n  Playground  http://{at}/\n"))?;
    if app.store().system().is_demo().await? {
        console.say(format!("Sign in as one of the demo users:\n{}\n", seed::table(&demo::users())))
    } else if seed::has_nobody(app).await? {
        console.say(
            "Nobody can sign in yet. Create the first administrator:\n  \
             tributary user add --email you@example.org --name \"Your Name\" --role ADMIN\n",
        )
    } else {
        Ok(())
    }
}

/// An address that a browser on this machine can open.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut reachable = address;
    if address.ip().is_unspecified() {
        reachable.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    reachable
}
