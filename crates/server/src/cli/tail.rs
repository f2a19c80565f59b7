//! `zhike tail`.

use std::io::Write;
use std::process::ExitCode;

use axum::body::Body;
use clap::Args;
use futures::StreamExt;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::serve::{ADDRESS_FILE, TOKEN_FILE};
use super::{Failure, Format, Global, Outcome, api_key};

/// Shows events.
#[derive(Args)]
pub(super) struct Tail {
    /// Name of a source; all when absent.
    #[arg(long)]
    source: Option<String>,
    /// Show what arrives from now on; asks the running server.
    #[arg(long, short)]
    follow: bool,
    /// Events shown, the newest.
    #[arg(long, short = 'n', default_value_t = 20, value_name = "N", conflicts_with = "follow")]
    lines: usize,
    /// The running server, when it is not the one of the data directory.
    #[arg(long, env = "ZHIKE_URL", value_name = "URL")]
    url: Option<String>,
}

impl Tail {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        if self.follow {
            self.follow(global).await?;
            return Ok(ExitCode::SUCCESS);
        }
        let ctx = global.open().await?;
        let filter = self.source.map(|name| format!(" WHERE source = '{}'", name.replace('\'', "''")));
        let sql = format!(
            "SELECT occurred_at, received_at, source, event, profile_id, properties FROM events{} \
             ORDER BY received_at DESC LIMIT {}",
            filter.unwrap_or_default(),
            self.lines
        );
        super::sql::print(&ctx, &sql, global).await?;
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }

    async fn follow(self, global: &Global) -> Result<(), Failure> {
        let url = match self.url {
            Some(url) => url,
            None => std::fs::read_to_string(global.data.join(ADDRESS_FILE)).map_err(|_| {
                let dir = global.data.display();
                Failure::new(
                    format!("no server runs on {dir}: start it with `zhike serve`, or name one with --url"),
                    format!("{dir} 上没有运行中的服务：请先运行 zhike serve，或用 --url 指定"),
                )
            })?,
        };
        let host = url.trim().trim_start_matches("http://").split('/').next().unwrap_or_default().to_owned();
        let key = match api_key() {
            Some(key) => key.expose().clone(),
            // Whoever reads this file reads the keys beside it.
            None => std::fs::read_to_string(global.data.join(TOKEN_FILE)).unwrap_or_default().trim().to_owned(),
        };
        let unreachable = |error: &dyn std::fmt::Display| {
            Failure::new(
                format!("cannot reach the server at {host}: {error}"),
                format!("无法连接 {host} 上的服务：{error}"),
            )
        };
        let stream = TcpStream::connect(&host).await.map_err(|error| unreachable(&error))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| unreachable(&error))?;
        tokio::spawn(connection);
        let query = self.source.as_deref().map(|name| format!("?source={}", percent_encode(name))).unwrap_or_default();
        let request = hyper::Request::get(format!("/api/v1/live{query}"))
            .header("host", &host)
            .header("accept", "text/event-stream")
            .header("authorization", format!("Bearer {key}"))
            .body(Body::empty())
            .map_err(|error| unreachable(&error))?;
        let response = sender.send_request(request).await.map_err(|error| unreachable(&error))?;
        if !response.status().is_success() {
            return Err(unreachable(&response.status()));
        }
        let mut body = Body::new(response.into_body()).into_data_stream();
        let mut pending = Vec::new();
        while let Some(Ok(chunk)) = body.next().await {
            pending.extend_from_slice(&chunk);
            while let Some(end) = pending.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                let line = String::from_utf8_lossy(&line);
                if let Some(data) = line.trim_end().strip_prefix("data:") {
                    print(data.trim_start(), global.format)?;
                }
            }
        }
        Ok(())
    }
}

/// One line for each event.
fn print(data: &str, format: Format) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let event: Value = serde_json::from_str(data).unwrap_or_default();
    if format == Format::Json || !event.is_object() {
        writeln!(out, "{data}")?;
        return Ok(());
    }
    let text = |name: &str| event[name].as_str().unwrap_or("--").to_owned();
    let cells = ["received_at", "source", "kind", "event", "profile_id", "outcome"].map(text);
    let separator = if format == Format::Csv { "," } else { "  " };
    writeln!(out, "{}{separator}{}", cells.join(separator), event["detail"])?;
    Ok(())
}

fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}
