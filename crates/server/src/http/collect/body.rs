//! Bodies, inflated while they arrive, within bounds of size, time and memory.
//!
//! One request may inflate to [`wire::MAX_BODY_BYTES`]; all that are being read or stored share a budget, beyond which
//! clients are told to come again. So no bomb and no crowd makes the process grow without end.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flate2::write::{MultiGzDecoder, ZlibDecoder};
use futures::StreamExt;
use tokio::time::{Instant, timeout_at};
use zhike_domain::collect::wire;

use super::answer::Refusal;

/// Bytes of all bodies at once. Records in memory take several times their text.
const BUDGET_BYTES: usize = 128 << 20;
/// Silence of a client in the middle of a body.
const IDLE: Duration = Duration::from_secs(15);
/// Time for a whole body.
const WHOLE: Duration = Duration::from_secs(120);
/// How much of a refused body is read to the end, so that its client hears the answer instead of a broken connection.
const DRAIN_BYTES: usize = 64 << 20;
const DRAIN: Duration = Duration::from_secs(5);

/// Memory that bodies share.
#[derive(Clone, Default)]
pub(super) struct Budget(Arc<AtomicUsize>);

impl Budget {
    pub(super) fn used(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A share of the budget, given back when dropped.
#[derive(Default)]
struct Share {
    budget: Budget,
    n_bytes: usize,
}

impl Share {
    fn grow(&mut self, n_bytes: usize) -> Result<(), Fault> {
        let used = self.budget.0.fetch_add(n_bytes, Ordering::Relaxed);
        self.n_bytes += n_bytes;
        if used + n_bytes > BUDGET_BYTES { Err(Fault::Busy) } else { Ok(()) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.n_bytes, Ordering::Relaxed);
    }
}

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    TooLarge,
    Busy,
    BadGzip,
}

/// Takes inflated bytes in within bounds.
#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    share: Share,
    fault: Option<Fault>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fault = if self.bytes.len() + bytes.len() > wire::MAX_BODY_BYTES {
            Some(Fault::TooLarge)
        } else {
            self.share.grow(bytes.len()).err()
        };
        if let Some(fault) = fault {
            self.fault = Some(fault);
            return Err(io::Error::other("out of bounds"));
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
            Self::Gzip(decoder) => decoder.write_all(bytes),
            Self::Deflate(decoder) => decoder.write_all(bytes),
            Self::Unknown(..) | Self::Failed => Ok(()),
        };
        written.map_err(|_| self.fault())
    }

    /// Chooses by the first bytes and takes them in.
    fn settle(&mut self, is_deflate: bool) -> Result<(), Fault> {
        let Self::Unknown(start, sink) = std::mem::replace(self, Self::Failed) else { return Ok(()) };
        *self = match start.get(..2) {
            Some([0x1f, 0x8b]) => Self::Gzip(MultiGzDecoder::new(sink)),
            Some([0x78, _]) if is_deflate => Self::Deflate(ZlibDecoder::new(sink)),
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
        let share = Share { budget: budget.clone(), n_bytes: 0 };
        let mut decoder = Decoder::Unknown(Vec::new(), Sink { share, ..Sink::default() });
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
            Fault::Busy => {
                Self::later(429, "busy", "too many requests at once; send it again", "请求过多，请稍后重发", 1)
            }
            Fault::BadGzip => Self::new(400, "bad_gzip", "the body is no whole gzip", "请求体不是完整的 gzip"),
        }
    }
}

/// Inflates a field within a limit; the error is a word about what is wrong.
pub(super) fn inflate(bytes: &[u8], n_max: usize) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let mut inflated = Vec::new();
    let limit = n_max as u64 + 1;
    flate2::read::MultiGzDecoder::new(bytes)
        .take(limit)
        .read_to_end(&mut inflated)
        .map_err(|_| "damaged".to_owned())?;
    if inflated.len() > n_max { Err("larger than 32 MiB".to_owned()) } else { Ok(inflated) }
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
        assert_eq!(inflate(&bomb, 1000), Err("larger than 32 MiB".to_owned()));
        let full = Budget::default();
        full.0.store(BUDGET_BYTES, Ordering::Relaxed);
        assert!(read(&[b"{}"], None, &full).err().unwrap().is_retryable());
        assert_eq!(full.used(), BUDGET_BYTES);
    }
}
