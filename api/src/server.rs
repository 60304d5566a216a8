//! The server: accepts connections within a limit, gives slow clients a time limit, and shuts down without losing a
//! request.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt;

use crate::app::App;
use crate::http::{self, Lease};

/// How long a peer of HTTP/2 may take to answer a ping.
const PING_TIME: Duration = Duration::from_secs(10);
/// How long every answer says `Connection: close` before connections are closed. A graceful shutdown alone closes idle
/// connections on which a request may just be under way.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long a connection that came while we were leaving may take to send its request.
const LATE_TIME: Duration = Duration::from_secs(3);
/// How long requests under way may take once we are leaving.
const DRAIN: Duration = Duration::from_secs(10);
/// Pause after a failed accept: without descriptors, trying again at once only burns the processor.
const RETRY: Duration = Duration::from_millis(50);

/// Serves until `shutdown` is ready, then drains.
///
/// # Errors
/// When the listener has no address, that is, does not listen.
pub async fn serve(app: App, listener: TcpListener, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let address = listener.local_addr()?;
    let most = app.config().max_connections;
    let mut server = Server {
        slots: Arc::new(Semaphore::new(most)),
        router: http::router(app.clone()),
        leaving: watch::Sender::new(false),
        builder: builder(app.config().header_timeout),
        app,
        graceful: GracefulShutdown::new(),
    };
    tracing::info!(%address, "listening");
    tokio::select! {
        () = server.accept(&listener) => {}
        () = shutdown => {}
    }
    tracing::info!("shutting down: no connection is kept alive any more");
    server.leaving.send_replace(true);
    server.builder.http1().keep_alive(false);
    // New connections are still answered, so that a balancer that has not noticed yet loses nothing.
    let _ = tokio::time::timeout(FAREWELL, server.accept(&listener)).await;
    server.accept_rest(listener)?;
    let ended = async {
        server.graceful.shutdown().await;
        // Sockets have left the connections they came over; they still hold their slots.
        let _ = server.slots.acquire_many(u32::try_from(most).unwrap_or(u32::MAX)).await;
    };
    match tokio::time::timeout(DRAIN, ended).await {
        Ok(()) => tracing::info!("every connection has ended"),
        Err(_) => tracing::warn!(seconds = DRAIN.as_secs(), "some connections did not end in time"),
    }
    Ok(())
}

fn builder(header_timeout: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(header_timeout);
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
    slots: Arc<Semaphore>,
    router: Router,
    leaving: watch::Sender<bool>,
    builder: Builder<TokioExecutor>,
    graceful: GracefulShutdown,
}

impl Server {
    /// Accepts for ever.
    async fn accept(&self, listener: &TcpListener) {
        loop {
            if let Err(error) = self.accept_one(listener).await {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// At the connection limit new connections wait in the backlog of the system.
    async fn accept_one(&self, listener: &TcpListener) -> io::Result<()> {
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, peer) = listener.accept().await?;
        self.serve(stream, peer, Some(slot));
        Ok(())
    }

    /// Accepts what the system has accepted for us already, whatever the limit, and stops listening. It asks the system
    /// itself: what the runtime knows of the listener may be a moment old, and whoever is left behind loses a request.
    fn accept_rest(&self, listener: TcpListener) -> io::Result<()> {
        let listener = listener.into_std()?;
        while let Ok((stream, peer)) = listener.accept() {
            stream.set_nonblocking(true)?;
            self.serve(TcpStream::from_std(stream)?, peer, None);
        }
        Ok(())
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr, slot: Option<OwnedSemaphorePermit>) {
        match stream.set_nodelay(true) {
            Ok(()) => drop(tokio::spawn(self.connection(stream, peer, slot))),
            Err(error) => tracing::debug!(%error, "a connection had gone before it was served"),
        }
    }

    /// Serves one connection to its end.
    fn connection(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        slot: Option<OwnedSemaphorePermit>,
    ) -> impl Future<Output = ()> + use<> {
        let (router, leaving, builder) = (self.router.clone(), self.leaving.subscribe(), self.builder.clone());
        let (watcher, late) = (self.graceful.watcher(), *leaving.borrow());
        let lease = Lease::new(Arc::new(slot), leaving.clone());
        let heard = Arc::new(AtomicBool::new(false));
        let header_time = self.app.config().header_timeout;
        let silence = silence(Arc::clone(&heard), if late { LATE_TIME } else { header_time });
        let open = self.app.metrics().connection();
        async move {
            let held = lease.clone();
            let service = service_fn(move |mut request: Request<Incoming>| {
                heard.store(true, Ordering::Relaxed);
                request.extensions_mut().insert(ConnectInfo(peer));
                request.extensions_mut().insert(lease.clone());
                answer(router.clone(), leaving.clone(), request)
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

async fn answer(
    router: Router,
    leaving: watch::Receiver<bool>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    // HTTP/2 has no such header: there the graceful shutdown says goodbye.
    let says_close = request.version() < Version::HTTP_2;
    let mut response = router.oneshot(request.map(Body::new)).await?;
    if says_close && *leaving.borrow() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}
