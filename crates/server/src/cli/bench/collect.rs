//! `zhike bench collect`: events over HTTP into a server of its own, until each size of batch has a figure.
//!
//! A load generator in this process keeps connections busy, each waiting for its answer before it sends again; the server
//! is a process apart, so that its CPU time is its own. Beside it, on the same machine and with the same requests, two
//! ceilings: the HTTP stack that reads bodies and answers at once, and a program that only parses them and fsyncs.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use zhike_engine::sources::{self, NewSource};

use super::super::serve::TOKEN_FILE;
use super::super::{Failure, Global, Outcome};
use super::Random;

/// Measures collection: acknowledged events per second, waiting times, CPU per event, and how far ingestion is behind.
#[derive(Args)]
pub(super) struct Collect {
    /// Events per request; several sizes are measured one after the other.
    #[arg(long = "batch", value_delimiter = ',', default_value = "1,100,1000")]
    batches: Vec<usize>,
    /// Seconds per size.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Connections that send at once.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Visitors at a time. Each sends about 20 events, then another comes.
    #[arg(long, default_value_t = 5_000)]
    visitors: u64,
}

/// What one size came to.
struct Figures {
    n_events: u64,
    n_refused: u64,
    seconds: f64,
    p50: Duration,
    p99: Duration,
    server_cpu: f64,
    own_cpu: f64,
}

impl Collect {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        let name = format!("bench-{}", ctx.now());
        let source = sources::create(&ctx, NewSource { name, ..NewSource::default() }).await?;
        let now = jiff::Timestamp::now();
        ctx.close().await;
        let mut out = std::io::stdout().lock();

        let server = Server::start(global, &["serve", "--listen", "127.0.0.1:0"])?;
        let mut best = 0.0_f64;
        for &batch in &self.batches {
            let request = Request::new(batch, &source.write_key, now, self.visitors);
            let figures = self.load(&server, &request, 0.0).await?;
            let rate = figures.n_events as f64 / figures.seconds;
            if batch == 100 {
                best = rate;
            }
            print(&mut out, &format!("batch {batch} ({} B per event)", request.bytes.len() / batch), &figures)?;
            server.catch_up(&mut out).await?;
        }
        if best > 0.0 {
            let request = Request::new(100, &source.write_key, now, self.visitors);
            let figures = self.load(&server, &request, best / 2.0).await?;
            print(&mut out, "batch 100 at half of that", &figures)?;
            server.catch_up(&mut out).await?;
        }
        let peak = super::peak_mib(&server.child.id().to_string());
        writeln!(out, "server: peak {peak} MiB")?;
        drop(server);

        let empty = Server::start(global, &["bench", "empty"])?;
        for &batch in &self.batches {
            let request = Request::new(batch, &source.write_key, now, self.visitors);
            let figures = self.load(&empty, &request, 0.0).await?;
            print(&mut out, &format!("ceiling, answered at once, batch {batch}"), &figures)?;
        }
        drop(empty);
        for &batch in &self.batches {
            let request = Request::new(batch, &source.write_key, now, self.visitors);
            let rate = parse_and_fsync(&global.data, &request, Duration::from_secs(self.seconds.min(5)))?;
            writeln!(out, "ceiling, parsed and fsynced, batch {batch}: {rate:.0} events/s")?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Sends on all connections for the time given; at a rate in events per second when it is above 0.
    async fn load(&self, server: &Server, request: &Request, rate: f64) -> Result<Figures, Failure> {
        let sequence = Arc::new(AtomicU64::new(0));
        let (server_cpu, own_cpu) = (cpu_seconds(server.child.id()), cpu_seconds(std::process::id()));
        let started = Instant::now();
        let until = started + Duration::from_secs(self.seconds);
        let pause =
            (rate > 0.0).then(|| Duration::from_secs_f64(self.connections as f64 * request.n_events as f64 / rate));
        let mut senders = JoinSet::new();
        for n in 0..self.connections {
            let first = pause.map(|pause| started + pause.mul_f64(n as f64 / self.connections as f64));
            senders.spawn(send(server.address, request.clone(), sequence.clone(), until, first.zip(pause)));
        }
        let (mut times, mut n_refused) = (Vec::new(), 0);
        while let Some(sent) = senders.join_next().await {
            let (answered, refused) = sent.map_err(|error| Failure::new(error.to_string(), error.to_string()))??;
            times.extend(answered);
            n_refused += refused;
        }
        let seconds = started.elapsed().as_secs_f64();
        times.sort_unstable();
        let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
        Ok(Figures {
            n_events: (times.len() * request.n_events) as u64,
            n_refused,
            seconds,
            p50: at(0.5),
            p99: at(0.99),
            server_cpu: cpu_seconds(server.child.id()) - server_cpu,
            own_cpu: cpu_seconds(std::process::id()) - own_cpu,
        })
    }
}

fn print(out: &mut impl Write, what: &str, figures: &Figures) -> std::io::Result<()> {
    let n = figures.n_events.max(1) as f64;
    writeln!(
        out,
        "{what}: {:.0} events/s acknowledged, p50 {:.1} ms, p99 {:.1} ms, CPU per event: server {:.1} µs, generator \
         {:.1} µs; {} requests put off",
        n / figures.seconds,
        figures.p50.as_secs_f64() * 1e3,
        figures.p99.as_secs_f64() * 1e3,
        figures.server_cpu / n * 1e6,
        figures.own_cpu / n * 1e6,
        figures.n_refused,
    )
}

/// A request whose events get fresh ids by writing digits over it.
#[derive(Clone)]
struct Request {
    head: String,
    bytes: Vec<u8>,
    n_events: usize,
    /// Where the digits of message ids and visitors stand.
    places: Vec<(usize, usize)>,
    n_visitors: u64,
}

const ID_DIGITS: usize = 12;
const VISITOR_DIGITS: usize = 8;
const EVENTS_PER_VISIT: u64 = 20;

impl Request {
    fn new(n_events: usize, key: &str, now: jiff::Timestamp, n_visitors: u64) -> Self {
        let mut body = String::from("{\"batch\":[");
        let mut places = Vec::new();
        for n in 0..n_events {
            if n > 0 {
                body.push(',');
            }
            body.push_str("{\"messageId\":\"node-next-");
            let id = body.len();
            body.push_str(&"0".repeat(ID_DIGITS));
            body.push_str("\",\"type\":\"track\",\"event\":\"Product Viewed\",\"userId\":\"u");
            let visitor = body.len();
            body.push_str(&"0".repeat(VISITOR_DIGITS));
            body.push_str(&format!(
                "\",\"timestamp\":\"{now:.3}\",\"properties\":{{\"product_id\":\"P{n:05}\",\"name\":\"挂耳咖啡 10 包\",\
                 \"category\":\"咖啡\",\"brand\":\"云上\",\"price\":59.9,\"quantity\":1,\"position\":{}}},\
                 \"context\":{{\"library\":{{\"name\":\"@segment/analytics-node\",\"version\":\"2.1.3\"}}}}}}",
                n % 40
            ));
            places.push((id, visitor));
        }
        body.push_str("]}");
        let head = format!(
            "POST /v1/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAuthorization: Bearer {key}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        Self { head, bytes: body.into_bytes(), n_events, places, n_visitors }
    }

    /// Gives the events ids from `first` on.
    fn number(&mut self, first: u64, random: &mut Random) {
        for (n, &(id, visitor)) in (first..).zip(&self.places) {
            write_digits(&mut self.bytes[id..id + ID_DIGITS], n);
            let visitor_no = n / EVENTS_PER_VISIT + random.below(self.n_visitors);
            write_digits(&mut self.bytes[visitor..visitor + VISITOR_DIGITS], visitor_no);
        }
    }
}

fn write_digits(to: &mut [u8], mut number: u64) {
    for byte in to.iter_mut().rev() {
        *byte = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

type Sent = Result<(Vec<Duration>, u64), Failure>;

/// One connection: how long each acknowledged request took, and how many were put off.
async fn send(
    address: SocketAddr,
    mut request: Request,
    sequence: Arc<AtomicU64>,
    until: Instant,
    pace: Option<(Instant, Duration)>,
) -> Sent {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut times, mut n_refused) = (Vec::new(), 0);
    let start = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0) % 1_000_000;
    let mut random = Random::new(sequence.load(Ordering::Relaxed) ^ u64::from(stream.local_addr()?.port()));
    let mut answer = [0; 1024];
    let mut next = pace.map(|(first, _)| first);
    while Instant::now() < until {
        let first = sequence.fetch_add(request.n_events as u64, Ordering::Relaxed);
        request.number(start * 1_000_000 + first, &mut random);
        // At a given rate the wait for a slow answer counts for those behind it too.
        let asked = match (&mut next, pace) {
            (Some(next), Some((_, pause))) => {
                tokio::time::sleep_until((*next).into()).await;
                let asked = *next;
                *next += pause;
                asked
            }
            _ => Instant::now(),
        };
        stream.write_all(request.head.as_bytes()).await?;
        stream.write_all(&request.bytes).await?;
        let mut n_read = 0;
        let status = loop {
            let n = stream.read(&mut answer[n_read..]).await?;
            n_read += n;
            let text = &answer[..n_read];
            // Answers are short objects, sent in one piece.
            if n == 0 || n_read == answer.len() || text.ends_with(b"}") {
                break text.get(9..12).unwrap_or_default().to_vec();
            }
        };
        match &status[..] {
            b"200" => times.push(asked.elapsed()),
            b"429" | b"503" => {
                n_refused += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            other => {
                let text = format!("the server answered {:?}", String::from_utf8_lossy(other));
                return Err(Failure::new(text.clone(), text));
            }
        }
    }
    Ok((times, n_refused))
}

/// A server in a process of its own, on the same data directory.
struct Server {
    child: Child,
    address: SocketAddr,
    /// What it asks for before it tells its figures.
    token: String,
}

impl Server {
    fn start(global: &Global, arguments: &[&str]) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--data")
            .arg(&global.data)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()?.parse().ok());
        match address {
            Some(address) => {
                let token = std::fs::read_to_string(global.data.join(TOKEN_FILE))?;
                Ok(Self { child, address, token })
            }
            None => {
                let _ = child.kill();
                Err(Failure::new("the server did not start", "服务未能启动"))
            }
        }
    }

    /// Waits until ingestion has taken everything, and says how long that took.
    async fn catch_up(&self, out: &mut impl Write) -> Result<(), Failure> {
        let started = Instant::now();
        let figure = |metrics: &str, name: &str| -> f64 {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.parse().ok()).unwrap_or(0.0)
        };
        loop {
            let metrics = self.get("/metrics").await?;
            let behind = figure(&metrics, "zhike_ingest_lag_seconds");
            if behind == 0.0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        writeln!(out, "  ingestion had caught up {:.1} s later", started.elapsed().as_secs_f64())?;
        Ok(())
    }

    async fn get(&self, path: &str) -> Result<String, Failure> {
        let mut stream = TcpStream::connect(self.address).await?;
        let (address, token) = (self.address, &self.token);
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two threads that parse bodies and append them to files, an fsync per request.
fn parse_and_fsync(dir: &Path, request: &Request, time: Duration) -> Result<f64, Failure> {
    let started = Instant::now();
    let n_threads = std::thread::available_parallelism().map_or(2, usize::from);
    let work = |n: usize| -> std::io::Result<u64> {
        let path = dir.join(format!("bench-ceiling-{n}"));
        let mut file = File::create(&path)?;
        let mut n_events = 0;
        while started.elapsed() < time {
            let parsed: serde_json::Value = serde_json::from_slice(&request.bytes)?;
            n_events += parsed["batch"].as_array().map_or(0, Vec::len) as u64;
            file.write_all(&request.bytes)?;
            file.sync_data()?;
        }
        std::fs::remove_file(path)?;
        Ok(n_events)
    };
    let n_events: u64 = std::thread::scope(|scope| -> std::io::Result<u64> {
        let threads: Vec<_> = (0..n_threads).map(|n| scope.spawn(move || work(n))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(Ok(0))).sum()
    })?;
    Ok(n_events as f64 / started.elapsed().as_secs_f64())
}

/// CPU time of a process, in seconds; 0 where the system does not tell.
fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}
