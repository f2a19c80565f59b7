//! The loop that takes events from the log into the tables, kept alive beside the server.

use std::sync::RwLock;
use std::time::Duration;

use thread_priority::{ThreadPriority, ThreadPriorityValue};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use zhike_engine::{Ctx, ingest};

/// Time between an ending that nobody asked for and the next start.
const PAUSE: Duration = Duration::from_secs(5);

/// Priority of its threads between 0 and 99; 51 is that of others. This one is a niceness of 11: while answers need all
/// processors, a tenth is left to it.
const PRIORITY: u8 = 20;

/// Threads for work that follows the answers: where processors are short, answers come first.
pub(crate) struct Patient(Option<Runtime>);

impl Patient {
    /// Starts them.
    pub(crate) fn start() -> std::io::Result<Self> {
        let lower = || {
            let set = ThreadPriorityValue::try_from(PRIORITY)
                .map_err(|_| "a priority out of range".to_owned())
                .and_then(|value| {
                    let priority = ThreadPriority::Crossplatform(value);
                    thread_priority::set_current_thread_priority(priority).map_err(|error| format!("{error:?}"))
                });
            if let Err(error) = set {
                tracing::debug!(error, "ingestion runs at the priority of everything else");
            }
        };
        let runtime =
            Builder::new_multi_thread().enable_all().thread_name("ingestion").on_thread_start(lower).build()?;
        Ok(Self(Some(runtime)))
    }

    /// Runs something on them.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> Option<JoinHandle<()>> {
        self.0.as_ref().map(|runtime| runtime.spawn(work))
    }
}

impl Drop for Patient {
    fn drop(&mut self) {
        // Waiting is not possible among the threads of another runtime.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

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
