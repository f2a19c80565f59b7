//! Mail by SMTP. Connection and TLS are those of every way out; messages and the talk on the connection are lettre's.
//!
//! STARTTLS is asked for here, and not by lettre, for two reasons: TLS stays the one of [`super::roots`], and what a stranger
//! puts behind the host's consent is never read as said by the host (RFC 3207, 5): the consent is read byte by byte, and
//! everything after it is TLS or an error. Recipients are named to the host here, too: lettre gives a mail up at the
//! first that is refused, and one mailbox that is gone would silence all.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands;
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::{Address, Message};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use zhike_engine::alerts::mail::{Mail, Tls};

use super::guard::Target;
use super::{Outbound, Trouble};

/// For everything, from the look-up of the name to the host's last word. Hosts let strangers wait.
const WHOLE: Duration = Duration::from_secs(60);
/// Bytes of what a host says at once, before TLS.
const MAX_REPLY: usize = 8 * 1024;
/// What lettre takes for the greeting of a host that has greeted already.
const GREETED: &[u8] = b"220 ready\r\n";

fn odd(what: &impl std::fmt::Display) -> Trouble {
    Trouble::failed(format!("the mail cannot be written: {what}"), "邮件无法写出：地址有误")
}

fn address(text: &str) -> Result<Address, Trouble> {
    text.parse::<Address>().map_err(|error| odd(&error))
}

/// A message of a mail to some of its recipients.
fn message(mail: &Mail, from: &Address, to: &[&Address]) -> Result<Message, Trouble> {
    let auto = HeaderName::new_from_ascii_str("Auto-Submitted");
    let mut builder = Message::builder()
        .from(Mailbox::new(Some("知客 Zhike".into()), from.clone()))
        .subject(&*mail.subject)
        .message_id(Some(format!("<{}@zhike.invalid>", mail.key)))
        // Nobody who is away answers it.
        .raw_header(HeaderValue::new(auto, "auto-generated".into()));
    for one in to {
        builder = builder.to(Mailbox::new(None, (*one).clone()));
    }
    builder.singlepart(SinglePart::plain(mail.text.clone())).map_err(|error| odd(&error))
}

/// The code by which a host refuses something; what happened where it said none. What it said else may hold addresses.
fn refusal(error: &lettre::transport::smtp::Error) -> Result<u16, Trouble> {
    match error.status() {
        Some(code) => Ok(u16::from(code)),
        None if error.is_response() => Err(Trouble::failed(
            "the mail host does not speak SMTP: what it answers is no reply",
            "邮件服务器的应答有误：无法识别",
        )),
        None => Err(Trouble::failed(
            format!("the mail host does not speak SMTP: {error}"),
            format!("邮件服务器的应答有误：{error}"),
        )),
    }
}

/// Whether addresses can be written to at all.
pub(crate) fn is_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
}

impl Outbound {
    /// Sends a mail; for each recipient the host's last code, 250 where it took it.
    pub(crate) async fn mail(&self, mail: &Mail) -> Result<Vec<u16>, Trouble> {
        let target = self.mail_target(&mail.host, mail.port)?;
        let late = |_| Trouble::failed("the mail host took longer than 60 seconds", "邮件服务器 60 秒内没有完成应答");
        let sent: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(self.post(&target, mail));
        timeout(WHOLE, sent).await.map_err(late)?
    }

    async fn post(&self, target: &Target, mail: &Mail) -> Result<Vec<u16>, Trouble> {
        let from = address(&mail.from)?;
        let to = mail.to.iter().map(|one| address(one.expose())).collect::<Result<Vec<_>, _>>()?;
        let broken = |error: io::Error| {
            Trouble::failed(format!("the mail host broke off: {error}"), format!("与邮件服务器的连接中断：{error}"))
        };
        let mut stream = self.connect(target).await?;
        let peer = stream.peer_addr().map_err(broken)?;
        let us = match stream.local_addr().map_err(broken)?.ip() {
            IpAddr::V4(address) => ClientId::Ipv4(address),
            IpAddr::V6(address) => ClientId::Ipv6(address),
        };
        let stream = match mail.tls {
            Tls::Implicit => Talk::new(self.secured(target, stream, false).await?, peer, b""),
            Tls::Starttls => {
                agree(&mut stream, &us).await?;
                Talk::new(self.secured(target, stream, false).await?, peer, GREETED)
            }
            Tls::None if peer.ip().is_loopback() => Talk { peer, greeting: b"", way: Way::Plain(stream) },
            Tls::None => {
                return Err(Trouble::failed(
                    "mail goes without TLS to this machine only",
                    "只有本机的邮件服务器可以不加密",
                ));
            }
        };
        let all = |code: u16| vec![code; to.len()];
        let mut talk = match AsyncSmtpConnection::connect_with_transport(Box::new(stream), &us).await {
            Ok(talk) => talk,
            Err(error) => return refusal(&error).map(all),
        };
        if let Some((user, password)) = &mail.login {
            let login = Credentials::new(user.clone(), password.expose().clone());
            if let Err(error) = talk.auth(&[Mechanism::Plain, Mechanism::Login], &login).await {
                talk.abort().await;
                return refusal(&error).map(all);
            }
        }
        let codes = hand_over(&mut talk, mail, &from, &to).await;
        match codes {
            // What was taken was, whatever the host says to a farewell.
            Ok(_) => drop(talk.quit().await),
            Err(_) => talk.abort().await,
        }
        codes
    }
}

/// Hands a mail over on a connection; for each recipient the host's last code. One who is refused keeps it from no other.
async fn hand_over(
    talk: &mut AsyncSmtpConnection,
    mail: &Mail,
    from: &Address,
    to: &[Address],
) -> Result<Vec<u16>, Trouble> {
    let is_wide = to.iter().chain([from]).any(|one| !AsRef::<str>::as_ref(one).is_ascii());
    let mut parameters = Vec::new();
    if is_wide && talk.server_info().supports_feature(Extension::SmtpUtfEight) {
        parameters = vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)];
    }
    if let Err(error) = talk.command(commands::Mail::new(Some(from.clone()), parameters)).await {
        return refusal(&error).map(|code| vec![code; to.len()]);
    }
    let mut codes = Vec::new();
    let mut taken = Vec::new();
    for one in to {
        match talk.command(commands::Rcpt::new(one.clone(), Vec::new())).await {
            Ok(response) => {
                codes.push(u16::from(response.code()));
                taken.push(one);
            }
            Err(error) => codes.push(refusal(&error)?),
        }
    }
    if taken.is_empty() {
        return Ok(codes);
    }
    let content = message(mail, from, &taken)?.formatted();
    let mut sent = talk.command(commands::Data).await;
    if sent.is_ok() {
        sent = talk.message(&content).await;
    }
    let last = match sent {
        Ok(response) => u16::from(response.code()),
        Err(error) => refusal(&error)?,
    };
    // A host takes a mail for all whom it took, or for none.
    Ok(codes.into_iter().map(|code| if (200..300).contains(&code) { last } else { code }).collect())
}

/// Agrees with a host to go on by TLS.
async fn agree(stream: &mut TcpStream, us: &ClientId) -> Result<(), Trouble> {
    let refused = |code: u16| {
        Trouble::failed(
            format!("the mail host does not go on by TLS (code {code}): choose implicit, or ask whoever runs it"),
            format!("邮件服务器不支持升级加密（代码 {code}）：请改用直接加密，或询问其管理员"),
        )
    };
    let broken = |error: io::Error| {
        Trouble::failed(format!("the mail host broke off: {error}"), format!("与邮件服务器的连接中断：{error}"))
    };
    for (say, expect) in [(None, 220), (Some(format!("EHLO {us}\r\n")), 250), (Some("STARTTLS\r\n".into()), 220)] {
        if let Some(say) = say {
            stream.write_all(say.as_bytes()).await.map_err(broken)?;
        }
        let code = reply(stream).await.map_err(broken)?;
        if code != expect {
            return Err(refused(code));
        }
    }
    Ok(())
}

/// The code of what a host says, which is read to its last byte and no further.
async fn reply(stream: &mut TcpStream) -> io::Result<u16> {
    let odd = || io::Error::new(io::ErrorKind::InvalidData, "no reply of SMTP");
    let mut line = Vec::new();
    let mut n_bytes = 0;
    loop {
        let byte = stream.read_u8().await?;
        n_bytes += 1;
        if n_bytes > MAX_REPLY {
            return Err(odd());
        }
        if byte != b'\n' {
            line.push(byte);
            continue;
        }
        let code = line.get(..3).and_then(|code| std::str::from_utf8(code).ok()?.parse().ok()).ok_or_else(odd)?;
        // A hyphen says that more lines follow.
        if line.get(3) != Some(&b'-') {
            return Ok(code);
        }
        line.clear();
    }
}

/// A connection to a mail host.
#[derive(Debug)]
struct Talk {
    peer: SocketAddr,
    /// Read before anything that the host says.
    greeting: &'static [u8],
    way: Way,
}

#[derive(Debug)]
enum Way {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Talk {
    fn new(stream: TlsStream<TcpStream>, peer: SocketAddr, greeting: &'static [u8]) -> Self {
        Self { peer, greeting, way: Way::Tls(Box::new(stream)) }
    }
}

impl AsyncTokioStream for Talk {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl AsyncRead for Talk {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let n = self.greeting.len().min(into.remaining());
        if n > 0 {
            let (now, rest) = self.greeting.split_at(n);
            into.put_slice(now);
            self.greeting = rest;
            return Poll::Ready(Ok(()));
        }
        match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Way::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Talk {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Way::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Way::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Way::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
