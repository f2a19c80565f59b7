//! Connections: how many, how slow, and how they end.
//!
//! axum's own loop has neither timeouts nor limits, so that a handful of clients that send a byte a minute would take the
//! server away from all others. Here a head must be there in time, connections are counted, in all and per peer, and a
//! server that stops finishes the answers it has begun. Bodies have limits of their own (`collect::body`).

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::ServiceExt;

use super::collect::{Peer, TrustedProxies};
use super::tls::Tls;

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

/// All places of a listener.
struct Places {
    permits: Arc<Semaphore>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    peers: HashMap<IpAddr, usize>,
    /// Connections that wait for their client, by when they began to; and how each is told to go.
    idle: BTreeMap<u64, Arc<Notify>>,
    n_waits: u64,
}

impl Places {
    fn taken(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A permit for one more connection; when there is none, the one that has waited longest for its client goes.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return Some(permit);
        }
        loop {
            let waiting = self.taken().idle.pop_first();
            if let Some((_, gone)) = waiting {
                gone.notify_one();
            }
            // When all are being answered, one of them may begin to wait in a moment.
            match timeout(Duration::from_millis(50), self.permits.clone().acquire_owned()).await {
                Ok(permit) => return permit.ok(),
                Err(_) => continue,
            }
        }
    }
}

/// A place for one connection, given back when dropped.
struct Place {
    peer: IpAddr,
    places: Arc<Places>,
    gone: Arc<Notify>,
    /// Its number in the order in which they began to wait; `None` while a request is being answered.
    waits: Mutex<Option<u64>>,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    fn take(places: &Arc<Places>, peer: IpAddr, permit: OwnedSemaphorePermit) -> (Self, usize) {
        let n_open = {
            let mut taken = places.taken();
            let n = taken.peers.entry(peer).or_default();
            *n += 1;
            *n
        };
        let place =
            Self { peer, places: places.clone(), gone: Arc::default(), waits: Mutex::default(), _permit: permit };
        place.idle();
        (place, n_open)
    }

    /// The client's turn.
    fn idle(&self) {
        let mut taken = self.places.taken();
        let turn = taken.n_waits;
        taken.n_waits += 1;
        taken.idle.insert(turn, self.gone.clone());
        *self.waits.lock().unwrap_or_else(PoisonError::into_inner) = Some(turn);
    }

    /// The server's turn.
    fn busy(&self) {
        if let Some(turn) = self.waits.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.places.taken().idle.remove(&turn);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.busy();
        let mut taken = self.places.taken();
        if let Some(n) = taken.peers.get_mut(&self.peer) {
            *n -= 1;
            if *n == 0 {
                taken.peers.remove(&self.peer);
            }
        }
    }
}

/// A body that is the client's turn until its end is here.
struct Arriving {
    body: Incoming,
    place: Arc<Place>,
}

impl hyper::body::Body for Arriving {
    type Data = bytes::Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) || self.body.is_end_stream() {
            self.place.busy();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Answers what comes to a listener, over TLS when there is a certificate, until told to stop; returns when all answers are
/// given, or the grace is over.
pub(crate) async fn listen(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    limits: Limits,
    proxies: TrustedProxies,
    stopping: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(limits.n_connections));
    let places = Arc::new(Places { permits, taken: Mutex::default() });
    let mut connections = JoinSet::new();
    let mut stopped = stopping.clone();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            _ = stopped.wait_for(|stop| *stop) => break,
        };
        let Some((stream, address, permit)) = accepted else { break };
        while connections.try_join_next().is_some() {}
        let peer = address.ip().to_canonical();
        let (place, n_open) = Place::take(&places, peer, permit);
        if n_open > limits.n_per_peer && !peer.is_loopback() && !proxies.contains(peer) {
            tracing::debug!(%peer, n_open, "too many connections of one address");
            continue;
        }
        let (router, head, stopping, tls) = (router.clone(), limits.head, stopping.clone(), tls.clone());
        connections.spawn(async move {
            // Answers are small and complete: waiting for more to send would only delay them.
            let _ = stream.set_nodelay(true);
            match tls {
                None => connection(stream, address, router, head, stopping, place).await,
                Some(tls) => match timeout(head, tls.acceptor().accept(stream)).await {
                    Ok(Ok(stream)) => connection(stream, address, router, head, stopping, place).await,
                    Ok(Err(error)) => tracing::debug!(peer = %address, %error, "no TLS was agreed on"),
                    Err(_) => tracing::debug!(peer = %address, "TLS took too long"),
                },
            }
        });
    }
    // No new ones from here on.
    drop(listener);
    let all_answered = async { while connections.join_next().await.is_some() {} };
    if timeout(limits.grace, all_answered).await.is_err() {
        tracing::warn!("some answers were not finished in time");
    }
}

/// The next connection, with a place; `None` never comes while the listener lives.
async fn accept(listener: &TcpListener, places: &Places) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    loop {
        match listener.accept().await {
            // A place is made for those who are there, not before.
            Ok((stream, address)) => return Some((stream, address, places.permit().await?)),
            Err(error) => {
                // No file descriptors left, or a connection that was gone at once: both pass.
                tracing::debug!(%error, "no connection was accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    address: SocketAddr,
    router: Router,
    head: Duration,
    mut stopping: watch::Receiver<bool>,
    place: Place,
) {
    let place = Arc::new(place);
    let service = hyper::service::service_fn(|mut request: hyper::Request<Incoming>| {
        let (router, place) = (router.clone(), place.clone());
        async move {
            if request.body().is_end_stream() {
                place.busy();
            }
            request.extensions_mut().insert(Peer(address));
            let body = |body| axum::body::Body::new(Arriving { body, place: place.clone() });
            let request: Request = request.map(body);
            let response: Result<Response, Infallible> = router.oneshot(request).await;
            place.idle();
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
        () = place.gone.notified() => {
            tracing::debug!(peer = %address, "a silent connection made room for another");
            return;
        }
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
}
