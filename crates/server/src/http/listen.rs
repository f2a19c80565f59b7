//! Connections: how many, how slow, and how they end.
//!
//! axum's own loop has neither timeouts nor limits, so that a handful of clients that send a byte a minute would take the
//! server away from all others. Here a head must be there in time, connections are counted, in all and per peer, and a
//! server that stops finishes the answers it has begun. Bodies have limits of their own (`collect::body`).

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::collect::{Peer, TrustedProxies};

/// What a listener grants.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Connections at once.
    pub(crate) n_connections: usize,
    /// Connections at once of one address, other than proxies and this machine.
    pub(crate) n_per_peer: usize,
    /// Time for the head of a request, and of silence between requests.
    pub(crate) head: Duration,
    /// Time for answers that were begun when the server stops.
    pub(crate) grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { n_connections: 4096, n_per_peer: 512, head: Duration::from_secs(20), grace: Duration::from_secs(10) }
    }
}

/// A place for one connection, given back when dropped.
struct Place {
    peer: IpAddr,
    peers: Arc<Mutex<HashMap<IpAddr, usize>>>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Ok(mut peers) = self.peers.lock()
            && let Some(n) = peers.get_mut(&self.peer)
        {
            *n -= 1;
            if *n == 0 {
                peers.remove(&self.peer);
            }
        }
    }
}

/// Answers what comes to a listener until told to stop; returns when all answers are given, or the grace is over.
pub(crate) async fn listen(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    proxies: TrustedProxies,
    stopping: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(limits.n_connections));
    let peers: Arc<Mutex<HashMap<IpAddr, usize>>> = Arc::default();
    let mut connections = JoinSet::new();
    let mut stopped = stopping.clone();
    loop {
        // Beyond the limit connections wait in the system's queue.
        let accepted = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            _ = stopped.wait_for(|stop| *stop) => break,
        };
        let (stream, address, permit) = accepted;
        while connections.try_join_next().is_some() {}
        let peer = address.ip().to_canonical();
        let n_open = peers.lock().map_or(0, |mut peers| {
            let n = peers.entry(peer).or_default();
            *n += 1;
            *n
        });
        let place = Place { peer, peers: peers.clone(), _permit: permit };
        if n_open > limits.n_per_peer && !peer.is_loopback() && !proxies.contains(peer) {
            tracing::debug!(%peer, n_open, "too many connections of one address");
            continue;
        }
        connections.spawn(connection(stream, address, router.clone(), limits.head, stopping.clone(), place));
    }
    // No new ones from here on.
    drop(listener);
    let all_answered = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.grace, all_answered).await.is_err() {
        tracing::warn!("some answers were not finished in time");
    }
}

async fn accept(listener: &TcpListener, permits: &Arc<Semaphore>) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let Ok(permit) = permits.clone().acquire_owned().await else {
            // The semaphore is never closed.
            std::future::pending::<()>().await;
            continue;
        };
        match listener.accept().await {
            Ok((stream, address)) => return (stream, address, permit),
            Err(error) => {
                // No file descriptors left, or a connection that was gone at once: both pass.
                tracing::debug!(%error, "no connection was accepted");
                drop(permit);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    head: Duration,
    mut stopping: watch::Receiver<bool>,
    place: Place,
) {
    // Answers are small and complete: waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            request.extensions_mut().insert(Peer(address));
            let request: Request = request.map(axum::body::Body::new);
            let response: Result<Response, Infallible> = router.oneshot(request).await;
            response
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        _ = stopping.wait_for(|stop| *stop) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients go away in the middle of things all day long.
        tracing::debug!(peer = %address, %error, "a connection broke");
    }
    drop(place);
}
