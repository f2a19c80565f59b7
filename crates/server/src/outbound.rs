//! The one way out: the only code that opens a connection to an address that stands in data or in a setting.
//!
//! Owns which hosts are reached ([`guard`]), and the limits of time and size. Redirects are answers like others: nobody
//! follows them. Must not know what is sent, or why.
//!
//! - INV-OUTBOUND-2: a name is looked up once, and what is connected to is one of the addresses that were judged.
//! - INV-OUTBOUND-3: no answer is longer than [`MAX_BYTES`], none takes longer than [`WHOLE`].

#[cfg(test)]
mod attacks;
pub(crate) mod guard;
#[cfg(test)]
mod letters;
pub(crate) mod mail;
#[cfg(test)]
mod notices;
mod roots;

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Method, Request, header};
use bytes::Bytes;
use clap::Args;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error as TlsError};
use zhike_domain::error_code::ErrorCode;

use guard::{Allowed, Refused, Target};

/// For the connection, all addresses of a name together.
const CONNECT: Duration = Duration::from_secs(5);
/// For everything, from the look-up of the name to the last byte.
const WHOLE: Duration = Duration::from_secs(15);
/// Of an answer.
const MAX_BYTES: usize = 1 << 20;

/// What may be reached, beyond the public web.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Options {
    /// Host inside that may be connected to (webhooks, mail, sign-in), and by http, too; several times for several.
    #[arg(long = "outbound-allow", env = "ZHIKE_OUTBOUND_ALLOW", value_delimiter = ',', value_name = "HOST[:PORT]")]
    allowed: Vec<Allowed>,
    /// Further certificates of authorities that such hosts are known by, as PEM.
    #[arg(long = "outbound-ca", env = "ZHIKE_OUTBOUND_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
}

type Resolved = Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send>>;
type Resolver = Arc<dyn Fn(String, u16) -> Resolved + Send + Sync>;

/// The way out.
#[derive(Clone)]
pub(crate) struct Outbound(Arc<Inner>);

struct Inner {
    options: Options,
    resolver: Resolver,
    tls: OnceCell<Arc<ClientConfig>>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The address may not be reached.
    Refused(Refused),
    /// It was not reached, or what came back is none: what happened, in English and Chinese.
    Failed(String, String),
}

impl Trouble {
    fn failed(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self::Failed(en.into(), zh.into())
    }

    /// What to say about it, in English and Chinese.
    pub(crate) fn words(&self) -> (String, String) {
        match self {
            Self::Refused(why) => (why.words().0.to_owned(), why.words().1.to_owned()),
            Self::Failed(en, zh) => (en.clone(), zh.clone()),
        }
    }

    /// Its code.
    pub(crate) const fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(_) => ErrorCode::OutboundRefused,
            Self::Failed(..) => ErrorCode::OutboundFailed,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().0)
    }
}

impl From<Refused> for Trouble {
    fn from(why: Refused) -> Self {
        Self::Refused(why)
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl Sent {
    /// A question for JSON.
    pub(crate) fn get() -> Self {
        Self { method: Method::GET, headers: vec![("accept", "application/json".into())], body: Bytes::new() }
    }

    /// A post of some kind of content.
    pub(crate) fn post(content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("accept", "application/json".into()), ("content-type", content_type.to_owned())];
        Self { method: Method::POST, headers, body: body.into() }
    }

    /// With one more header.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl Outbound {
    pub(crate) fn new(options: Options) -> Self {
        let system = |host: String, port: u16| -> Resolved {
            Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
        };
        Self::with_resolver(options, Arc::new(system))
    }

    fn with_resolver(options: Options, resolver: Resolver) -> Self {
        Self(Arc::new(Inner { options, resolver, tls: OnceCell::new() }))
    }

    /// Reads a URL.
    pub(crate) fn target(&self, url: &str) -> Result<Target, Refused> {
        Target::read(url, &self.0.options.allowed)
    }

    /// Reads the name of a mail host.
    pub(crate) fn mail_target(&self, host: &str, port: u16) -> Result<Target, Refused> {
        Target::mail(host, port, &self.0.options.allowed)
    }

    /// Sends something and takes the answer, whatever its status.
    pub(crate) async fn send(&self, target: &Target, sent: Sent) -> Result<Answer, Trouble> {
        let late = |_| Trouble::failed("no whole answer within 15 seconds", "15 秒内没有收到完整应答");
        // A future of its own size on the heap: callers are handlers and loops.
        let asked: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(self.exchange(target, sent));
        timeout(WHOLE, asked).await.map_err(late)?
    }

    async fn exchange(&self, target: &Target, sent: Sent) -> Result<Answer, Trouble> {
        let stream = self.connect(target).await?;
        let _ = stream.set_nodelay(true);
        if !target.is_tls {
            return talk(stream, target, sent).await;
        }
        talk(self.secured(target, stream, true).await?, target, sent).await
    }

    /// The connection by TLS, with whom it was to be with.
    async fn secured(
        &self,
        target: &Target,
        stream: TcpStream,
        is_http: bool,
    ) -> Result<TlsStream<TcpStream>, Trouble> {
        let name = ServerName::try_from(target.host.clone()).map_err(|_| Refused::Url)?;
        let mut config = self.0.tls.get_or_try_init(|| roots::config(self.0.options.ca.clone())).await?.clone();
        if !is_http {
            Arc::make_mut(&mut config).alpn_protocols.clear();
        }
        let no_tls = |error: std::io::Error| {
            let (en, zh) = tls_words(&error);
            Trouble::failed(
                format!("no TLS with the host: {en}; a certificate of one's own is named with --outbound-ca"),
                format!("与该主机的 TLS 连接失败：{zh}；自签证书的颁发机构用 --outbound-ca 指定"),
            )
        };
        TlsConnector::from(config).connect(name, stream).await.map_err(no_tls)
    }

    /// Looks the name up, once; judges what it stands for; and connects to an address that was judged.
    async fn connect(&self, target: &Target) -> Result<TcpStream, Trouble> {
        let unknown = || Trouble::failed("the name of the host is not known here", "无法解析该主机名");
        let addresses = match target.address() {
            Some(address) => vec![SocketAddr::new(address, target.port)],
            None => (self.0.resolver)(target.host.clone(), target.port).await.map_err(|_| unknown())?,
        };
        // One that is not allowed among others is no accident.
        if addresses.iter().any(|address| !target.may_reach(address.ip())) {
            return Err(Refused::Address.into());
        }
        let tried = async {
            let mut last = None;
            for address in &addresses {
                match TcpStream::connect(SocketAddr::new(address.ip(), target.port)).await {
                    Ok(stream) => return Ok(stream),
                    Err(error) => last = Some(error),
                }
            }
            let Some(error) = last else { return Err(unknown()) };
            Err(Trouble::failed(format!("the host cannot be reached: {error}"), format!("无法连接该主机：{error}")))
        };
        let late = |_| Trouble::failed("no connection within 5 seconds", "5 秒内未能建立连接");
        timeout(CONNECT, tried).await.map_err(late)?
    }
}

/// Why there is no TLS, in English and Chinese. The library's own words name the host that was asked for, and an address
/// may be a secret that no log may hold.
fn tls_words(error: &std::io::Error) -> (&'static str, &'static str) {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<TlsError>());
    let Some(TlsError::InvalidCertificate(wrong)) = cause else {
        return ("it broke off, or does not speak TLS", "对方中断了连接，或不支持 TLS");
    };
    match wrong {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            ("its certificate is for another name", "证书属于其他主机名")
        }
        CertificateError::UnknownIssuer => ("nobody known here vouches for its certificate", "证书的颁发机构不受信任"),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            ("its certificate has expired", "证书已过期")
        }
        _ => ("its certificate is not valid", "证书无效"),
    }
}

async fn talk<S>(stream: S, target: &Target, sent: Sent) -> Result<Answer, Trouble>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| {
        Trouble::failed(format!("the host does not speak HTTP: {error}"), format!("该主机的 HTTP 应答有误：{error}"))
    };
    let odd = |_: axum::http::Error| Trouble::failed("the request cannot be written", "请求无法写出");
    let mut request = Request::builder()
        .method(sent.method)
        .uri(&target.path)
        .header(header::HOST, target.authority())
        .header(header::USER_AGENT, concat!("zhike/", env!("CARGO_PKG_VERSION")));
    for (name, value) in &sent.headers {
        let mut value = HeaderValue::from_str(value).map_err(|error| odd(error.into()))?;
        value.set_sensitive(true);
        request = request.header(*name, value);
    }
    let request: Request<Body> = request.body(Body::from(sent.body)).map_err(odd)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let asked = async move {
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status().as_u16();
        let unread =
            |_| Trouble::failed("the answer is longer than 1 MiB, or was cut off", "应答超过 1 MiB，或未完整收到");
        let body = to_bytes(Body::new(response.into_body()), MAX_BYTES).await.map_err(unread)?;
        Ok(Answer { status, body })
    };
    // The connection does the work while the answer is waited for, and ends with it.
    tokio::pin!(asked);
    tokio::select! {
        answer = &mut asked => answer,
        ended = connection => match ended {
            Ok(()) => asked.await,
            Err(error) => Err(broken(error)),
        },
    }
}
