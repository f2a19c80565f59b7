//! `zhike serve`.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::watch;
use zhike_engine::collect::ip_region::{self, BadLine};
use zhike_engine::{Ctx, accounts};

use super::{Failure, Global, Lang, Outcome};
use crate::http::collect::{Collector, Network, TrustedProxies};
use crate::http::guard::Site;
use crate::http::listen::{Limits, listen};
use crate::http::tls::Tls;
use crate::http::{App, public_router, router};
use crate::ingestion::Patient;
use crate::outbound::{self, Outbound};

/// Below the data directory: where the running server listens, for commands that ask it.
pub(super) const ADDRESS_FILE: &str = "server.address";
/// Beside it: what commands of whoever can read the data directory show to the running server. Gone with the server.
pub(super) const TOKEN_FILE: &str = "server.token";

/// Serves API, console and collection until it is told to stop.
#[derive(Args, Clone)]
pub(super) struct Serve {
    /// Address to listen on; of this machine, unless a proxy that speaks TLS stands before it.
    #[arg(long, env = "ZHIKE_LISTEN", default_value = "127.0.0.1:7700", value_name = "ADDR")]
    pub(super) listen: SocketAddr,
    /// Further address, which may be reached from other machines: only events can be sent there, nothing can be read.
    #[arg(long, env = "ZHIKE_COLLECT_LISTEN", value_name = "ADDR")]
    collect_listen: Option<SocketAddr>,
    /// How SDKs reach this server, as https://cdp.example.cn; taken from their requests when absent.
    #[arg(long, env = "ZHIKE_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// A proxy that speaks TLS stands before this server: any address may be listened on, the console answers to the name
    /// in --public-url, and cookies are for https alone.
    #[arg(long, env = "ZHIKE_BEHIND_PROXY", requires = "public_url")]
    behind_proxy: bool,
    /// Further address, for browsers of other machines, over TLS; the console answers there to the name in --public-url.
    #[arg(long, env = "ZHIKE_TLS_LISTEN", requires_all = ["tls_cert", "tls_key", "public_url"], value_name = "ADDR")]
    tls_listen: Option<SocketAddr>,
    /// Certificates as PEM, the server's first; read again when the file changes.
    #[arg(long, env = "ZHIKE_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Key of the certificate, as PEM; read again when the file changes.
    #[arg(long, env = "ZHIKE_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Address or range of a proxy whose X-Forwarded-For is believed; may be given several times.
    #[arg(long = "trusted-proxy", env = "ZHIKE_TRUSTED_PROXY", value_delimiter = ',', value_name = "ADDR")]
    trusted_proxies: Vec<Network>,
    /// Table of addresses that says where events come from: start,end,country,province,city, or the text form of
    /// ip2region; ip-regions.csv in the data directory when absent.
    #[arg(long, env = "ZHIKE_IP_REGIONS", value_name = "FILE")]
    ip_regions: Option<PathBuf>,
    /// Connections at once.
    #[arg(long, env = "ZHIKE_MAX_CONNECTIONS", default_value_t = 4096, value_name = "N")]
    max_connections: usize,
    /// How often scores, tags and segments are computed anew while the server runs, in minutes, beside after each load; 0
    /// leaves it to zhike refresh.
    #[arg(long, env = "ZHIKE_REFRESH_EVERY", default_value_t = 60, value_name = "MINUTES")]
    refresh_every: u32,
    #[command(flatten)]
    outbound: outbound::Options,
    #[command(flatten)]
    backups: super::backup::Schedule,
}

/// The addresses that were taken.
pub(super) struct Listeners {
    own: TcpListener,
    public: Option<TcpListener>,
    tls: Option<(TcpListener, Tls)>,
}

impl Serve {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let listeners = self.bind().await?;
        let ctx = global.open().await?;
        self.serve(ctx, listeners, global.lang(), false).await
    }

    /// Takes the addresses, so that a busy port is noticed before anything long is begun.
    pub(super) async fn bind(&self) -> Result<Listeners, Failure> {
        if !self.listen.ip().is_loopback() && !self.behind_proxy {
            return Err(Failure::new(
                format!(
                    "{} can be reached from other machines, and passwords would travel in the clear: use 127.0.0.1 with \
                     --tls-listen for browsers and --collect-listen for SDKs, or --behind-proxy with a proxy that speaks TLS",
                    self.listen
                ),
                format!(
                    "{} 可被其他机器访问，密码会以明文传输：请用 127.0.0.1（浏览器访问用 --tls-listen，接收 SDK 数据用 \
                     --collect-listen），或在前面放置支持 TLS 的代理并加上 --behind-proxy",
                    self.listen
                ),
            ));
        }
        if let Some(url) = self.public_url.as_deref().filter(|url| !is_base_url(url)) {
            return Err(Failure::new(
                format!("{url:?} is no address such as https://cdp.example.cn"),
                format!("{url} 不是 https://cdp.example.cn 这样的地址"),
            ));
        }
        if self.is_https() && !self.public_url.as_deref().is_some_and(|url| url.starts_with("https://")) {
            return Err(Failure::new(
                "--behind-proxy and --tls-listen need --public-url https://…: the name that browsers are given",
                "--behind-proxy 和 --tls-listen 需要 --public-url https://…，即浏览器访问所用的域名",
            ));
        }
        let tls = match (self.tls_listen, &self.tls_cert, &self.tls_key) {
            (Some(address), Some(certificate), Some(key)) => {
                let unread = |what: String| {
                    Failure::new(format!("no TLS with this certificate: {what}"), format!("证书或私钥不可用：{what}"))
                };
                let tls = Tls::open(certificate, key).map_err(unread)?;
                Some((take(address, "--tls-listen").await?, tls))
            }
            _ => None,
        };
        let public = match self.collect_listen {
            Some(address) => Some(take(address, "--collect-listen").await?),
            None => None,
        };
        Ok(Listeners { own: take(self.listen, "--listen").await?, public, tls })
    }

    /// Whether browsers reach this server by TLS.
    fn is_https(&self) -> bool {
        self.behind_proxy || self.tls_listen.is_some()
    }

    pub(super) async fn serve(self, ctx: Ctx, listeners: Listeners, lang: Lang, open: bool) -> Outcome {
        let address = listeners.own.local_addr()?;
        let url = format!("http://{address}/");
        let proxies = TrustedProxies(self.trusted_proxies.clone());
        if let Some((n_ranges, bad)) = ip_region::load(&ctx, self.ip_regions.as_deref())? {
            tell_regions(n_ranges, &bad, lang);
        }
        let (stop, stopping) = watch::channel(false);
        let of_public = |url: &String| url.trim_end_matches('/').split_once("://").map(|(_, host)| host.to_owned());
        let public_host = self.public_url.as_ref().filter(|_| self.is_https()).and_then(of_public);
        let site = Site { public_host: public_host.clone() };
        let collector = Collector::new(proxies.clone(), self.public_url.clone());
        let outbound = Outbound::new(self.outbound.clone());
        let app = App::new(ctx.clone(), collector, site, outbound.clone(), stopping.clone());
        let token_file = ctx.dir().join(TOKEN_FILE);
        if let Err(error) = write_secret(&token_file, app.local_token().expose()) {
            tracing::warn!(%error, "commands will need an API key to ask this server");
        }

        // From here on TERM ends the server in order.
        let mut stopped = tokio::spawn(stopped());
        let (stop_ingestion, ingestion_stopping) = watch::channel(false);
        // The thread that writes the log would take over the priority of whoever starts it. What keeps it from opening is
        // told by ingestion and by every refusal.
        let _ = zhike_engine::collect::open(&ctx).await;
        // Lives until the stores are closed: connections belong to the threads that made them.
        let patient = Patient::start()?;
        let ingestion = {
            let (app, ctx) = (app.clone(), ctx.clone());
            patient.spawn(async move { crate::ingestion::run(&app, ctx, ingestion_stopping).await })
        };
        let backups = self.backups.start(&ctx, &stopping);
        let watching = tokio::spawn(zhike_engine::watch::run(ctx.clone(), stopping.clone()));
        let base = self.public_url.clone().or_else(|| Some(url.clone()));
        let telling = tokio::spawn(crate::hooks::run(ctx.clone(), outbound, base, stopping.clone()));
        let looking = tokio::spawn(zhike_engine::alerts::run(ctx.clone(), stopping.clone()));
        let refreshing = (self.refresh_every > 0).then(|| {
            let every = Duration::from_secs(u64::from(self.refresh_every) * 60);
            tokio::spawn(zhike_engine::refresh::run(ctx.clone(), every, stopping.clone()))
        });
        let waiting = {
            let (ctx, stopping) = (ctx.clone(), stopping.clone());
            patient.spawn(async move { zhike_engine::erasure::run(ctx, stopping).await })
        };
        let limits = Limits { n_connections: n_connections(self.max_connections), ..Limits::default() };
        let own = listen(listeners.own, None, router(app.clone()), limits.clone(), proxies.clone(), stopping.clone());
        let mut served = tokio::task::JoinSet::new();
        served.spawn(own);
        if let Some((listener, tls)) = listeners.tls {
            served.spawn(tls.clone().follow(stopping.clone()));
            let (limits, proxies, stopping) = (limits.clone(), proxies.clone(), stopping.clone());
            served.spawn(listen(listener, Some(tls), router(app.clone()), limits, proxies, stopping));
        }
        let mut first_page = url.clone();
        if let Some(token) = accounts::offer_setup(&ctx).await? {
            // Behind the mark, so that it reaches no log of a proxy.
            let base = public_host.map_or_else(|| url.clone(), |host| format!("https://{host}/"));
            first_page = format!("{base}setup#token={}", token.expose());
            match lang {
                Lang::Zh => writeln!(std::io::stdout(), "创建管理员（一次有效，重启后失效）：{first_page}")?,
                Lang::En => writeln!(std::io::stdout(), "Make the administrator (once, until restart): {first_page}")?,
            }
        }
        match lang {
            Lang::Zh => writeln!(std::io::stdout(), "知客控制台：{url}（Ctrl+C 停止）")?,
            Lang::En => writeln!(std::io::stdout(), "Zhike console: {url} (Ctrl+C stops)")?,
        }
        if let Some(listener) = listeners.public {
            let address = listener.local_addr()?;
            // Whoever started this may have stopped reading.
            let _ = match lang {
                Lang::Zh => writeln!(std::io::stdout(), "接收数据：http://{address}/"),
                Lang::En => writeln!(std::io::stdout(), "Events are taken at http://{address}/"),
            };
            served.spawn(listen(listener, None, public_router(app), limits, proxies, stopping));
        }
        let file = ctx.dir().join(ADDRESS_FILE);
        if let Err(error) = std::fs::write(&file, &url) {
            tracing::warn!(%error, "commands will have to be told where this server listens");
        }
        if open {
            open_browser(&first_page);
        }
        // Requests first: what they acknowledge must still be taken into the tables.
        drop((&mut stopped).await);
        let _ = stop.send(true);
        while served.join_next().await.is_some() {}
        // What the last requests wrote is signed when the stores are closed.
        drop(watching.await);
        drop(telling.await);
        drop(looking.await);
        if let Some(refreshing) = refreshing {
            drop(refreshing.await);
        }
        // An erasure that is under way is finished, or goes on at the next start.
        if let Some(waiting) = waiting
            && waiting.await.is_err()
        {
            tracing::error!("what looks after erasures and keys panicked; it goes on at the next start");
        }
        let _ = stop_ingestion.send(true);
        if let Some(ingestion) = ingestion
            && ingestion.await.is_err()
        {
            tracing::error!("ingestion panicked; what it had not taken yet is taken at the next start");
        }
        // One under way is taken to its end.
        if let Some(backups) = backups
            && backups.await.is_err()
        {
            tracing::error!("the task that takes backups panicked");
        }
        drop(std::fs::remove_file(&file));
        drop(std::fs::remove_file(&token_file));
        ctx.close().await;
        drop(patient);
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes a file that only this user can read.
fn write_secret(path: &Path, secret: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    // An old one may be readable by others.
    let _ = std::fs::remove_file(path);
    let mut file = std::fs::File::options().create_new(true).write(true).mode(0o600).open(path)?;
    file.write_all(secret.as_bytes())
}

/// As many connections as asked for, if the system lets this process have as many files open, and some for itself.
fn n_connections(wanted: usize) -> usize {
    const OWN_FILES: u64 = 512;
    let wanted = wanted.max(1);
    let needed = wanted as u64 + OWN_FILES;
    let granted = rlimit::increase_nofile_limit(needed).unwrap_or(needed);
    if granted >= needed {
        return wanted;
    }
    let possible = granted.saturating_sub(OWN_FILES).max(granted / 2).max(1) as usize;
    tracing::warn!(wanted, possible, "the system allows fewer open files; raise it with ulimit -n");
    possible.min(wanted)
}

async fn take(address: SocketAddr, option: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::new(
            format!("cannot listen on {address}: {error}; choose another with {option}"),
            format!("无法监听 {address}：{error}；请用 {option} 换一个地址"),
        )
    })
}

/// Says how many ranges of addresses are known, and which lines were left out.
fn tell_regions(n_ranges: usize, bad: &[BadLine], lang: Lang) {
    const SHOWN: usize = 20;
    let mut out = std::io::stderr().lock();
    // Whoever started this may have stopped reading.
    let mut tell = |text: String| drop(writeln!(out, "{text}"));
    match lang {
        Lang::Zh => tell(format!("IP 地域表：{n_ranges} 个地址段")),
        Lang::En => tell(format!("table of addresses: {n_ranges} ranges")),
    }
    for line in bad.iter().take(SHOWN) {
        match lang {
            Lang::Zh => tell(format!("第 {} 行未载入：{}", line.line_no, line.zh)),
            Lang::En => tell(format!("line {} was left out: {}", line.line_no, line.en)),
        }
    }
    let n_more = bad.len().saturating_sub(SHOWN);
    match lang {
        _ if n_more == 0 => {}
        Lang::Zh => tell(format!("另有 {n_more} 行未载入")),
        Lang::En => tell(format!("{n_more} further lines were left out")),
    }
}

/// Scheme and host, without a path: SDKs put their own behind it.
pub(super) fn is_base_url(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
    let host = host.trim_end_matches('/');
    !host.is_empty() && !host.contains(|letter: char| letter == '/' || letter == '?' || letter.is_whitespace())
}

/// Ends when the process is asked to stop.
async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! { _ = interrupted => {}, _ = terminated.recv() => {} }
        }
        Err(_) => drop(interrupted.await),
    }
    tracing::info!("stopping");
}

/// Shows the console in a browser where there is one; the address is printed anyway.
fn open_browser(url: &str) {
    let shown = std::process::Command::new("xdg-open")
        .arg(url)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
    if let Err(error) = shown {
        tracing::debug!(%error, "no browser was opened");
    }
}
