//! `zhike bench empty`: the HTTP stack of collection alone, as a ceiling: bodies are read, and every answer is yes.

use std::io::Write;
use std::process::ExitCode;

use axum::Router;
use axum::extract::Request;
use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::super::Outcome;
use crate::http::collect::answer_at_once;
use crate::http::listen::{Limits, listen};

/// Serves answers that mean nothing until it is killed.
#[derive(Args)]
pub(super) struct Empty;

impl Empty {
    pub(super) async fn run(self) -> Outcome {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(std::io::stdout(), "http://{}/", listener.local_addr()?)?;
        let router = Router::new().fallback(|request: Request| answer_at_once(request));
        let (_running, stopping) = watch::channel(false);
        listen(listener, None, router, Limits::default(), Default::default(), stopping).await;
        Ok(ExitCode::SUCCESS)
    }
}
