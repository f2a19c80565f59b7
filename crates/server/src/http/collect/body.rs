//! Bodies, inflated while they arrive, within bounds of size, time and memory.
//!
//! One request may inflate to [`wire::MAX_BODY_BYTES`]; all that are being read or stored share a budget, beyond which
//! clients are told to come again. So no bomb and no crowd makes the process grow without end. The beginnings of bodies,
//! which is all that most have, are counted apart: a few large ones leave room for the small.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flate2::write::{MultiGzDecoder, ZlibDecoder};
use futures::StreamExt;
use tokio::time::{Instant, timeout_at};
use zhike_domain::collect::wire;

use super::answer::Refusal;

/// So much of each body is its beginning.
const BEGINNING_BYTES: usize = 128 << 10;
/// Bytes of all beginnings at once.
const BEGINNINGS_BYTES: usize = 32 << 20;
/// Bytes of all that is behind the beginnings. One body as large as may be fits in, also inflated out of another.
const REST_BYTES: usize = wire::MAX_BODY_BYTES + (8 << 20);
/// Bodies from this size on are not grown in place, and wait for their turn to be read.
pub(super) const LARGE_BYTES: usize = 1 << 20;
/// Records shrink to a tenth, repetitive ones to a fiftieth; what inflates more than this is made to do harm.
const MAX_RATIO: usize = 200;
/// Silence of a client in the middle of a body.
const IDLE: Duration = Duration::from_secs(15);
/// Time for a whole body.
const WHOLE: Duration = Duration::from_secs(120);
/// How much of a refused body is read to the end, so that its client hears the answer instead of a broken connection.
const DRAIN_BYTES: usize = 64 << 20;
const DRAIN: Duration = Duration::from_secs(5);

/// Memory that bodies share.
#[derive(Clone, Default)]
pub(super) struct Budget(Arc<Used>);

#[derive(Default)]
struct Used {
    beginnings: AtomicUsize,
    rest: AtomicUsize,
}

impl Budget {
    pub(super) fn used(&self) -> usize {
        self.0.beginnings.load(Ordering::Relaxed) + self.0.rest.load(Ordering::Relaxed)
    }
}

/// A share of the budget, given back when dropped.
#[derive(Default)]
struct Share {
    budget: Budget,
    n_beginning: usize,
    n_rest: usize,
}

impl Share {
    fn new(budget: &Budget) -> Self {
        Self { budget: budget.clone(), ..Self::default() }
    }

    fn grow(&mut self, n_bytes: usize) -> Result<(), Fault> {
        let n_beginning = n_bytes.min(BEGINNING_BYTES.saturating_sub(self.n_beginning));
        let n_rest = n_bytes - n_beginning;
        let Used { beginnings, rest } = &*self.budget.0;
        let used = beginnings.fetch_add(n_beginning, Ordering::Relaxed) + n_beginning;
        let used_rest = rest.fetch_add(n_rest, Ordering::Relaxed) + n_rest;
        self.n_beginning += n_beginning;
        self.n_rest += n_rest;
        let is_over = (n_beginning > 0 && used > BEGINNINGS_BYTES) || (n_rest > 0 && used_rest > REST_BYTES);
        if is_over { Err(Fault::Busy) } else { Ok(()) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.0.beginnings.fetch_sub(self.n_beginning, Ordering::Relaxed);
        self.budget.0.rest.fetch_sub(self.n_rest, Ordering::Relaxed);
    }
}

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    TooLarge,
    TooManyValues,
    Bomb,
    Busy,
    BadGzip,
}

/// Takes inflated bytes in within bounds.
#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    share: Share,
    /// Bytes that were inflated, when they were packed.
    n_packed: Option<usize>,
    /// Counts once there is much to count.
    values: Option<wire::ValueCounter>,
    fault: Option<Fault>,
}

impl Sink {
    fn new(share: Share) -> Self {
        Self { share, ..Self::default() }
    }

    fn packed(share: Share) -> Self {
        Self { n_packed: Some(0), ..Self::new(share) }
    }

    /// Whether so many bytes, the last of which are these, may be taken in.
    fn check(&mut self, n_after: usize, bytes: &[u8]) -> Result<(), Fault> {
        if n_after > wire::MAX_BODY_BYTES {
            return Err(Fault::TooLarge);
        }
        if n_after > LARGE_BYTES && self.n_packed.is_some_and(|n_packed| n_after / MAX_RATIO > n_packed) {
            return Err(Fault::Bomb);
        }
        if n_after > wire::FEW_BYTES {
            let values = self.values.get_or_insert_with(|| {
                let mut values = wire::ValueCounter::default();
                values.feed(&self.bytes);
                values
            });
            if values.feed(bytes) > wire::MAX_VALUES {
                return Err(Fault::TooManyValues);
            }
        }
        self.share.grow(bytes.len())
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n_after = self.bytes.len() + bytes.len();
        if let Err(fault) = self.check(n_after, bytes) {
            self.fault = Some(fault);
            return Err(io::Error::other("out of bounds"));
        }
        if n_after > self.bytes.capacity() && n_after > LARGE_BYTES {
            // Once, and not grown step by step: what is not written to takes no memory, copies do.
            self.bytes.reserve_exact(wire::MAX_BODY_BYTES - self.bytes.len());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How bytes are packed: told by their first two, for labels lie.
enum Decoder {
    /// Fewer than two bytes are here yet.
    Unknown(Vec<u8>, Sink),
    Plain(Sink),
    Gzip(MultiGzDecoder<Sink>),
    Deflate(ZlibDecoder<Sink>),
    /// Given up.
    Failed,
}

impl Decoder {
    fn feed(&mut self, bytes: &[u8], is_deflate: bool) -> Result<(), Fault> {
        if let Self::Unknown(start, _) = self {
            start.extend_from_slice(bytes);
            return if start.len() >= 2 { self.settle(is_deflate) } else { Ok(()) };
        }
        let written = match self {
            Self::Plain(sink) => sink.write_all(bytes),
            Self::Gzip(decoder) => inflate(decoder, MultiGzDecoder::get_mut, bytes),
            Self::Deflate(decoder) => inflate(decoder, ZlibDecoder::get_mut, bytes),
            Self::Unknown(..) | Self::Failed => Ok(()),
        };
        written.map_err(|_| self.fault())
    }

    /// Chooses by the first bytes and takes them in.
    fn settle(&mut self, is_deflate: bool) -> Result<(), Fault> {
        let Self::Unknown(start, sink) = std::mem::replace(self, Self::Failed) else { return Ok(()) };
        *self = match start.get(..2) {
            Some([0x1f, 0x8b]) => Self::Gzip(MultiGzDecoder::new(Sink::packed(sink.share))),
            Some([0x78, _]) if is_deflate => Self::Deflate(ZlibDecoder::new(Sink::packed(sink.share))),
            _ => Self::Plain(sink),
        };
        self.feed(&start, is_deflate)
    }

    fn fault(&self) -> Fault {
        let sink = match self {
            Self::Plain(sink) | Self::Unknown(_, sink) => sink,
            Self::Gzip(decoder) => decoder.get_ref(),
            Self::Deflate(decoder) => decoder.get_ref(),
            Self::Failed => return Fault::BadGzip,
        };
        sink.fault.unwrap_or(Fault::BadGzip)
    }

    fn finish(mut self) -> Result<Sink, Fault> {
        if matches!(self, Self::Unknown(..)) {
            self.settle(false)?;
        }
        let finished = match &mut self {
            Self::Gzip(decoder) => decoder.try_finish(),
            Self::Deflate(decoder) => decoder.try_finish(),
            _ => Ok(()),
        };
        finished.map_err(|_| self.fault())?;
        match self {
            Self::Plain(sink) => Ok(sink),
            Self::Gzip(decoder) => decoder.finish().map_err(|_| Fault::BadGzip),
            Self::Deflate(decoder) => decoder.finish().map_err(|_| Fault::BadGzip),
            Self::Unknown(..) | Self::Failed => Err(Fault::BadGzip),
        }
    }
}

/// Feeds a decoder piece by piece, so that its sink knows how much was inflated to what is there.
fn inflate<D: Write>(decoder: &mut D, sink: impl Fn(&mut D) -> &mut Sink, bytes: &[u8]) -> io::Result<()> {
    for piece in bytes.chunks(4096) {
        if let Some(n_packed) = &mut sink(decoder).n_packed {
            *n_packed += piece.len();
        }
        decoder.write_all(piece)?;
    }
    Ok(())
}

/// A body in memory; its share of the budget is held as long as it is.
#[derive(Default)]
pub(super) struct Body(Sink);

impl Body {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// Reads a body to its end.
    pub(super) async fn read(body: axum::body::Body, encoding: Option<&str>, budget: &Budget) -> Result<Self, Refusal> {
        let encoding = encoding.unwrap_or_default().trim().to_ascii_lowercase();
        if !matches!(encoding.as_str(), "" | "identity" | "gzip" | "x-gzip" | "deflate") {
            let message = format!("Content-Encoding {encoding:?} is not supported: send gzip, or nothing packed");
            let zh = "不支持这种 Content-Encoding：请用 gzip 或不压缩";
            return Err(Refusal::new(400, "unsupported_encoding", message, zh).closing());
        }
        let mut decoder = Decoder::Unknown(Vec::new(), Sink::new(Share::new(budget)));
        let mut stream = body.into_data_stream();
        let deadline = Instant::now() + WHOLE;
        loop {
            let chunk = match timeout_at(deadline.min(Instant::now() + IDLE), stream.next()).await {
                Ok(None) => break,
                Ok(Some(Ok(chunk))) => chunk,
                // The client is gone, or its chunks are malformed.
                Ok(Some(Err(_))) => {
                    return Err(Refusal::new(400, "broken_body", "the body broke off", "请求体不完整").closing());
                }
                Err(_) => {
                    let message = "the body arrives too slowly; send it again";
                    return Err(Refusal::later(503, "too_slow", message, "请求体发送过慢，请重发", 1).closing());
                }
            };
            if let Err(fault) = decoder.feed(&chunk, encoding == "deflate") {
                drop(decoder);
                drain(&mut stream).await;
                return Err(fault.into());
            }
        }
        Ok(Self(decoder.finish()?))
    }
}

async fn drain(stream: &mut axum::body::BodyDataStream) {
    let deadline = Instant::now() + DRAIN;
    let mut n_bytes = 0;
    while let Ok(Some(Ok(chunk))) = timeout_at(deadline, stream.next()).await {
        n_bytes += chunk.len();
        if n_bytes > DRAIN_BYTES {
            break;
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::TooLarge => Self::too_large(),
            Fault::TooManyValues => Self::new(
                413,
                "too_large",
                "the request has more than 300,000 values: send fewer records at once",
                "请求包含超过 30 万个值：请分批发送",
            )
            .closing(),
            Fault::Bomb => Self::new(
                413,
                "too_large",
                "the request inflates to more than 200 times its size: no batch of records does",
                "请求解压后超过原大小的 200 倍：正常数据不会如此",
            )
            .closing(),
            Fault::Busy => {
                Self::later(429, "busy", "too many requests at once; send it again", "请求过多，请稍后重发", 1)
            }
            Fault::BadGzip => Self::new(400, "bad_gzip", "the body is no whole gzip", "请求体不是完整的 gzip"),
        }
    }
}

/// Inflates gzip that stands within a body, on the same budget.
pub(super) struct Inflater {
    share: std::cell::RefCell<Share>,
    fault: std::cell::Cell<Option<Fault>>,
}

impl Inflater {
    pub(super) fn new(budget: &Budget) -> Self {
        Self { share: Share::new(budget).into(), fault: None.into() }
    }

    /// Why nothing came of it, when it was for want of room.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.fault.get().map(Refusal::from)
    }

    /// The error is a word about what is wrong.
    pub(super) fn inflate(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let share = std::mem::take(&mut *self.share.borrow_mut());
        let mut decoder = MultiGzDecoder::new(Sink::packed(share));
        let written = inflate(&mut decoder, MultiGzDecoder::get_mut, bytes).and_then(|()| decoder.try_finish());
        let sink = decoder.get_mut();
        self.fault.set(sink.fault);
        *self.share.borrow_mut() = std::mem::take(&mut sink.share);
        written.map_err(|_| "damaged".to_owned())?;
        Ok(std::mem::take(&mut sink.bytes))
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(chunks: &[&[u8]], encoding: Option<&str>, budget: &Budget) -> Result<Body, Refusal> {
        let chunks: Vec<Result<Vec<u8>, io::Error>> = chunks.iter().map(|chunk| Ok(chunk.to_vec())).collect();
        let body = axum::body::Body::from_stream(futures::stream::iter(chunks));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Body::read(body, encoding, budget))
    }

    #[test]
    fn the_bytes_tell_how_they_are_packed_whatever_the_label() {
        let budget = Budget::default();
        let packed = gzip(b"{\"a\":1}");
        for (chunks, label) in [
            (vec![&packed[..]], Some("gzip")),
            (vec![&packed[..]], None),
            (vec![&packed[..1], &packed[1..5], &packed[5..]], Some("x-gzip")),
            (vec![&b"{\"a\":1}"[..]], Some("gzip")),
            (vec![&b"{"[..], b"\"a\":1}"], None),
        ] {
            assert_eq!(read(&chunks, label, &budget).unwrap().bytes(), b"{\"a\":1}", "{label:?}");
        }
        assert_eq!(read(&[], None, &budget).unwrap().bytes(), b"");
        assert_eq!(read(&[b"{"], None, &budget).unwrap().bytes(), b"{");
        for bad in [&packed[..packed.len() - 6], b"\x1f\x8bnonsense"] {
            assert!(read(&[bad], Some("gzip"), &budget).is_err());
        }
        assert!(read(&[b"x"], Some("br"), &budget).is_err());
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a_bomb_stops_at_the_limit_and_gives_its_share_back() {
        let budget = Budget::default();
        let bomb = gzip(&vec![b' '; wire::MAX_BODY_BYTES + 1]);
        assert!(bomb.len() < 1 << 20);
        let refusal = read(&[&bomb], Some("gzip"), &budget).err().unwrap();
        assert!(!refusal.is_retryable(), "{refusal:?}");
        assert_eq!(budget.used(), 0);
        for (bytes, is_bomb) in [(&bomb[..], true), (&bomb[..20], false)] {
            let inflater = Inflater::new(&budget);
            assert!(inflater.inflate(bytes).is_err());
            assert_eq!(inflater.refusal().is_some_and(|refusal| !refusal.is_retryable()), is_bomb);
        }
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn large_bodies_leave_room_for_small_ones() {
        let full = Budget::default();
        full.0.rest.store(REST_BYTES, Ordering::Relaxed);
        assert!(read(&[b"{}"], None, &full).is_ok());
        assert!(read(&[&vec![b' '; BEGINNING_BYTES + 1]], None, &full).err().unwrap().is_retryable());
        full.0.beginnings.store(BEGINNINGS_BYTES, Ordering::Relaxed);
        assert!(read(&[b"{}"], None, &full).err().unwrap().is_retryable());
        assert_eq!(full.used(), REST_BYTES + BEGINNINGS_BYTES);
    }
}
