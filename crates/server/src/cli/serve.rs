//! `zhike serve`.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use tokio::net::TcpListener;
use zhike_engine::Ctx;

use super::{Failure, Global, Lang, Outcome};
use crate::http::{App, router};

/// Serves API and console until it is told to stop.
#[derive(Args, Clone)]
pub(super) struct Serve {
    /// Address to listen on. There is no sign-in yet, so it must be of this machine.
    #[arg(long, env = "ZHIKE_LISTEN", default_value = "127.0.0.1:7700", value_name = "ADDR")]
    pub(super) listen: SocketAddr,
}

impl Serve {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let listener = self.bind().await?;
        let ctx = global.open().await?;
        self.serve(ctx, listener, global.lang(), false).await
    }

    /// Takes the address, so that a busy port is noticed before anything long is begun.
    pub(super) async fn bind(&self) -> Result<TcpListener, Failure> {
        if !self.listen.ip().is_loopback() {
            return Err(Failure::new(
                format!(
                    "{} can be reached from other machines, and there is no sign-in yet: use 127.0.0.1",
                    self.listen
                ),
                format!("{} 可被其他机器访问，而目前还没有登录功能：请用 127.0.0.1", self.listen),
            ));
        }
        TcpListener::bind(self.listen).await.map_err(|error| {
            Failure::new(
                format!("cannot listen on {}: {error}; choose another with --listen", self.listen),
                format!("无法监听 {}：{error}；请用 --listen 换一个地址", self.listen),
            )
        })
    }

    pub(super) async fn serve(self, ctx: Ctx, listener: TcpListener, lang: Lang, open: bool) -> Outcome {
        let address = listener.local_addr()?;
        let url = format!("http://{address}/");
        match lang {
            Lang::Zh => writeln!(std::io::stdout(), "知客控制台：{url}（Ctrl+C 停止）")?,
            Lang::En => writeln!(std::io::stdout(), "Zhike console: {url} (Ctrl+C stops)")?,
        }
        if open {
            open_browser(&url);
        }
        axum::serve(listener, router(App::new(ctx.clone()))).with_graceful_shutdown(stopped()).await?;
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }
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
