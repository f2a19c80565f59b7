//! Work that outlives its request: started, watched, cancelled, forgotten after a while.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use zhike_domain::import::report::LoadReport;
use zhike_engine::import;

/// Jobs remembered at most; the oldest finished ones go first.
const MAX_JOBS: usize = 200;

/// Loads of this process.
pub(crate) type Loads = Jobs<import::Progress, Loaded>;

/// What came of a load.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) report: Arc<LoadReport>,
    /// Sheets of the same upload that wait to be loaded.
    pub(crate) sheets_left: Vec<String>,
}

impl From<LoadReport> for Loaded {
    fn from(report: LoadReport) -> Self {
        Self { report: Arc::new(report), sheets_left: Vec::new() }
    }
}

/// Jobs of one kind: `P` says how far they are, `R` what came of them.
pub(crate) struct Jobs<P, R>(Arc<Mutex<HashMap<String, Job<P, R>>>>);

/// One job.
#[derive(Clone)]
pub(crate) struct Job<P, R> {
    /// Whose it is.
    pub(crate) owner: String,
    pub(crate) started: Instant,
    pub(crate) progress: P,
    pub(crate) outcome: Option<Result<R, (String, String)>>,
    pub(crate) cancel: Cancel,
}

/// Whether a job is to end before it is done.
#[derive(Clone, Default)]
pub(crate) struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub(crate) fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a job is handed when it starts.
pub(crate) struct Desk<P> {
    pub(crate) id: String,
    pub(crate) progress: Arc<dyn Fn(P) + Send + Sync>,
    pub(crate) cancel: Cancel,
}

impl Desk<import::Progress> {
    /// What a load tells of its progress; it is to stop once that was asked for.
    pub(crate) fn on_progress(&self) -> import::OnProgress {
        let (progress, cancel) = (self.progress.clone(), self.cancel.clone());
        Arc::new(move |now| {
            progress(now);
            if cancel.is_asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }
}

impl<P, R> Default for Jobs<P, R> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<P, R> Clone for Jobs<P, R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P: Clone + Send + 'static, R: Clone + Send + 'static> Jobs<P, R> {
    /// Starts work in the background and returns its id, which begins with `prefix`.
    pub(crate) fn start<F>(&self, prefix: &str, owner: &str, progress: P, work: impl FnOnce(Desk<P>) -> F) -> String
    where
        F: Future<Output = zhike_engine::Result<R>> + Send + 'static,
    {
        let id = format!("{prefix}{}", uuid::Uuid::new_v4().simple());
        let cancel = Cancel::default();
        let job =
            Job { owner: owner.to_owned(), started: Instant::now(), progress, outcome: None, cancel: cancel.clone() };
        self.forget_old();
        self.lock().insert(id.clone(), job);
        let progress: Arc<dyn Fn(P) + Send + Sync> = {
            let (jobs, id) = (self.clone(), id.clone());
            Arc::new(move |progress| jobs.change(&id, |job| job.progress = progress))
        };
        let work = work(Desk { id: id.clone(), progress, cancel });
        let (jobs, job_id) = (self.clone(), id.clone());
        tokio::spawn(async move {
            let outcome = work.await.map_err(|error| {
                tracing::warn!(job = %job_id, error = %error.message, "a job failed");
                (error.message, error.message_zh)
            });
            jobs.change(&job_id, |job| job.outcome = Some(outcome));
        });
        id
    }

    /// A job as it stands.
    pub(crate) fn get(&self, id: &str) -> Option<Job<P, R>> {
        self.lock().get(id).cloned()
    }

    /// A job that ended well, forgotten with this.
    pub(crate) fn take(&self, id: &str) -> Option<R> {
        let mut jobs = self.lock();
        let done = jobs.get(id)?.outcome.as_ref()?.as_ref().ok()?.clone();
        jobs.remove(id);
        Some(done)
    }

    /// How many have not ended.
    pub(crate) fn n_open(&self) -> usize {
        self.lock().values().filter(|job| job.outcome.is_none()).count()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Job<P, R>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Job<P, R>)) {
        if let Some(job) = self.lock().get_mut(id) {
            change(job);
        }
    }

    fn forget_old(&self) {
        let mut jobs = self.lock();
        while jobs.len() >= MAX_JOBS {
            let oldest = jobs.iter().filter(|(_, job)| job.outcome.is_some()).min_by_key(|(_, job)| job.started);
            match oldest.map(|(id, _)| id.clone()) {
                Some(id) => jobs.remove(&id),
                None => break,
            };
        }
    }
}
