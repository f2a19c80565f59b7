//! Work that outlives its request: started, watched, forgotten after a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use zhike_domain::import::report::LoadReport;
use zhike_engine::import::{OnProgress, Progress};

/// Jobs remembered at most; the oldest finished ones go first.
const MAX_JOBS: usize = 200;

/// The jobs of this process.
#[derive(Clone, Default)]
pub(crate) struct Jobs(Arc<Mutex<HashMap<String, Job>>>);

/// One job.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) started: Instant,
    pub(crate) progress: Progress,
    pub(crate) outcome: Option<Result<Arc<LoadReport>, (String, String)>>,
}

impl Jobs {
    /// Starts a load in the background and returns its id.
    pub(crate) fn start<F>(&self, work: impl FnOnce(OnProgress) -> F) -> String
    where
        F: Future<Output = zhike_engine::Result<LoadReport>> + Send + 'static,
    {
        let id = format!("job_{}", uuid::Uuid::new_v4().simple());
        let job = Job {
            started: Instant::now(),
            progress: Progress { stage: "waiting", ..Progress::default() },
            outcome: None,
        };
        self.forget_old();
        self.lock().insert(id.clone(), job);
        let on_progress: OnProgress = {
            let (jobs, id) = (self.clone(), id.clone());
            Arc::new(move |progress| jobs.change(&id, |job| job.progress = progress))
        };
        let work = work(on_progress);
        let (jobs, job_id) = (self.clone(), id.clone());
        tokio::spawn(async move {
            let outcome = match work.await {
                Ok(report) => Ok(Arc::new(report)),
                Err(error) => {
                    tracing::warn!(job = %job_id, error = %error.message, "a load failed");
                    Err((error.message, error.message_zh))
                }
            };
            jobs.change(&job_id, |job| job.outcome = Some(outcome));
        });
        id
    }

    /// A job as it stands.
    pub(crate) fn get(&self, id: &str) -> Option<Job> {
        self.lock().get(id).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Job)) {
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
