//! The server: accepts connections within a limit, gives slow clients a time limit, and shuts down without losing a
//! request. Who holds a connection, and who gives way, is decided by [`crate::http::slots`].

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use crate::allowance::network;
use crate::app::App;
use crate::cleaning::keep_clean;
use crate::http::header_case;
use crate::http::slots::{Hold, InUse, Slots};
use crate::http::{self, Lease};
use crate::security_event::log::keep_settled;

/// How long a peer of HTTP/2 may take to answer a ping.
const PING_TIME: Duration = Duration::from_secs(10);
/// How long every answer says `Connection: close` before connections are closed. A graceful shutdown alone closes idle
/// connections on which a request may just be under way.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long a connection that came while we were leaving may take to send its request.
const LATE_TIME: Duration = Duration::from_secs(3);
/// How long requests under way may take once we are leaving; what is not done by then is answered so.
const DRAIN: Duration = Duration::from_secs(8);
/// How long the last answers may take to be written.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// Pause after a failed accept: without descriptors, trying again at once only burns the processor.
const RETRY: Duration = Duration::from_millis(50);

/// Serves until `shutdown` is ready, then drains.
///
/// # Errors
/// When the listener has no address, that is, does not listen.
pub async fn serve(app: App, listener: TcpListener, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let address = listener.local_addr()?;
    let mut server = Server {
        // Who has sent no request yet is closed even earlier.
        slots: Slots::new(app.config().max_connections, app.config().header_timeout * 3),
        router: http::router(app.clone()),
        leaving: watch::Sender::new(false),
        late: watch::Sender::new(false),
        builder: builder(app.config().header_timeout),
        app,
        graceful: GracefulShutdown::new(),
        waiting: None,
    };
    let slots = Arc::clone(&server.slots);
    tracing::info!(%address, "listening");
    let upkeep = [
        tokio::spawn(server.app.store().clone().watch_sizes()),
        tokio::spawn(keep_clean(server.app.clone())),
        tokio::spawn(keep_settled(Arc::clone(server.app.security()))),
    ];
    tokio::select! {
        () = server.accept(&listener) => {}
        () = slots.sweep() => {}
        () = shutdown => {}
    }
    tracing::info!("shutting down: no connection is kept alive any more");
    server.leaving.send_replace(true);
    server.builder.http1().keep_alive(false);
    // New connections are still answered, so that a balancer that has not noticed yet loses nothing.
    let _ = tokio::time::timeout(FAREWELL, server.accept(&listener)).await;
    server.accept_rest(listener)?;
    let late = server.late.clone();
    let ended = async {
        server.graceful.shutdown().await;
        // Sockets have left the connections they came over; they still hold their slots.
        server.slots.emptied().await;
    };
    upkeep.iter().for_each(tokio::task::JoinHandle::abort);
    tokio::pin!(ended);
    let mut all = tokio::time::timeout(DRAIN, &mut ended).await.is_ok();
    if !all {
        tracing::warn!(seconds = DRAIN.as_secs(), "some requests take too long: they are answered UNAVAILABLE");
        late.send_replace(true);
        all = tokio::time::timeout(LAST_WORDS, ended).await.is_ok();
    }
    if all {
        tracing::info!("every connection has ended");
    } else {
        tracing::warn!("some connections did not end in time");
    }
    server.app.security().end().await;
    Ok(())
}

fn builder(header_timeout: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(header_timeout).title_case_headers(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .keep_alive_timeout(PING_TIME);
    builder
}

struct Server {
    app: App,
    slots: Arc<Slots>,
    router: Router,
    leaving: watch::Sender<bool>,
    /// Requests under way have had their time.
    late: watch::Sender<bool>,
    builder: Builder<TokioExecutor>,
    graceful: GracefulShutdown,
    /// Who was accepted and has no slot yet.
    waiting: Option<(TcpStream, SocketAddr)>,
}

impl Server {
    /// Accepts for ever.
    async fn accept(&mut self, listener: &TcpListener) {
        loop {
            if let Err(error) = self.accept_one(listener).await {
                tracing::warn!(%error, "a connection cannot be accepted");
                self.slots.shrink();
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Where nobody gives way to the one who waits, the others wait in the backlog of the system. Whoever was accepted is
    /// served, whenever this is given up.
    async fn accept_one(&mut self, listener: &TcpListener) -> io::Result<()> {
        let peer = match &self.waiting {
            Some((_, peer)) => *peer,
            None => self.waiting.insert(listener.accept().await?).1,
        };
        let hold = self.slots.take(self.network(peer)).await;
        if let Some((stream, peer)) = self.waiting.take() {
            self.serve(stream, peer, hold);
        }
        Ok(())
    }

    /// The network that a connection counts for; none for that of a proxy, which brings many clients.
    fn network(&self, peer: SocketAddr) -> Option<IpAddr> {
        let proxied = http::peer::is_proxy(peer.ip(), &self.app.config().trusted_proxies);
        (!proxied).then(|| network(peer.ip()))
    }

    /// Accepts what the system has accepted for us already, whatever the limit, and stops listening. It asks the system
    /// itself: what the runtime knows of the listener may be a moment old, and whoever is left behind loses a request.
    fn accept_rest(&mut self, listener: TcpListener) -> io::Result<()> {
        if let Some((stream, peer)) = self.waiting.take() {
            self.serve(stream, peer, self.slots.take_at_once(self.network(peer)));
        }
        let listener = listener.into_std()?;
        while let Ok((stream, peer)) = listener.accept() {
            stream.set_nonblocking(true)?;
            let hold = self.slots.take_at_once(self.network(peer));
            self.serve(TcpStream::from_std(stream)?, peer, hold);
        }
        Ok(())
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr, hold: Hold) {
        match stream.set_nodelay(true) {
            Ok(()) => drop(tokio::spawn(self.connection(stream, peer, hold))),
            Err(error) => tracing::debug!(%error, "a connection had gone before it was served"),
        }
    }

    /// Serves one connection to its end.
    fn connection(&self, stream: TcpStream, peer: SocketAddr, hold: Hold) -> impl Future<Output = ()> + use<> {
        let (router, leaving, builder) = (self.router.clone(), self.leaving.subscribe(), self.builder.clone());
        let (watcher, late) = (self.graceful.watcher(), *leaving.borrow());
        let lease = Lease::new(hold, leaving.clone(), self.late.subscribe());
        let stream = in_time(stream, self.app.config().pulse);
        let heard = Arc::new(AtomicBool::new(false));
        let header_time = self.app.config().header_timeout;
        let silence = silence(Arc::clone(&heard), if late { LATE_TIME } else { header_time });
        let open = self.app.metrics().connection();
        let gone = gone(leaving.clone());
        async move {
            let held = lease.clone();
            let service = service_fn(move |mut request: Request<Incoming>| {
                heard.store(true, Ordering::Relaxed);
                request.extensions_mut().insert(ConnectInfo(peer));
                request.extensions_mut().insert(lease.clone());
                answer(router.clone(), leaving.clone(), lease.begin(), request)
            });
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
            let served = async {
                // A late connection ends after its first answer; closing it before would lose that request.
                if late { (connection.await, Some(watcher)).0 } else { watcher.watch(connection).await }
            };
            tokio::select! {
                ended = served => if let Err(error) = ended { tracing::debug!(error, "a connection broke off") },
                () = silence => tracing::debug!("a connection sent no request"),
                () = held.is_cut() => {}
                () = gone => tracing::debug!("a connection did not end with the service"),
            }
            drop(open);
        }
    }
}

/// Ends when nothing was heard in time; otherwise never.
async fn silence(heard: Arc<AtomicBool>, limit: Duration) {
    tokio::time::sleep(limit).await;
    if heard.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

/// A client that takes nothing of what is written to it for so long is gone.
fn in_time(stream: TcpStream, limit: Duration) -> Pin<Box<TimeoutStream<TcpStream>>> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limit));
    Box::pin(stream)
}

/// Ends when the server has waited long enough: whatever still runs is given up.
async fn gone(mut leaving: watch::Receiver<bool>) {
    while leaving.changed().await.is_ok() {}
}

async fn answer(
    router: Router,
    leaving: watch::Receiver<bool>,
    _in_use: InUse,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    // HTTP/2 has no such header: there the graceful shutdown says goodbye.
    let says_close = request.version() < Version::HTTP_2;
    let mut response = router.oneshot(request.map(Body::new)).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        response.extensions_mut().extend(header_case::of_upgrades().await.clone());
    }
    if says_close && *leaving.borrow() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}
