//! The loop that takes events from the log into the tables, kept alive beside the server.

use std::sync::RwLock;
use std::time::Duration;

use tokio::sync::watch;
use zhike_engine::{Ctx, ingest};

/// Time between an ending that nobody asked for and the next start.
const PAUSE: Duration = Duration::from_secs(5);

/// What is known of the loop.
#[derive(Default)]
pub(crate) struct Ingestion(RwLock<Option<String>>);

impl Ingestion {
    /// Why it does not run; `None` while it does.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.0.read().ok().and_then(|trouble| trouble.clone())
    }

    fn set(&self, trouble: Option<String>) {
        if let Ok(mut place) = self.0.write() {
            *place = trouble;
        }
    }
}

/// Runs ingestion until told to stop; begins again when it fails, for what is in the log is not lost.
pub(crate) async fn run(app: &crate::http::App, ctx: Ctx, mut stopping: watch::Receiver<bool>) {
    loop {
        let ended = ingest::run(ctx.clone(), stopping.clone()).await;
        let is_stopping = *stopping.borrow();
        if let Err(error) = ended {
            let cause = error.cause.as_deref().map(|cause| zhike_engine::with_causes(cause)).unwrap_or_default();
            tracing::error!(code = error.code.as_str(), message = error.message, cause, "ingestion stopped");
            app.ingestion().set(Some(error.message));
        }
        if is_stopping {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        app.ingestion().set(None);
    }
}
