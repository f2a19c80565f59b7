//! One piece of blocking work at a time on a thread of its own, beside the caller.

use std::thread::JoinHandle;

use crate::Error;

/// Work that may be under way; dropping waits for its end, so that nothing is written behind the back of the owner.
pub(crate) struct Background<T>(Option<JoinHandle<Result<T, Error>>>);

impl<T> Default for Background<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Send + 'static> Background<T> {
    /// Starts work; the caller has waited for what was under way.
    ///
    /// **Errors**: when there is no thread to be had.
    pub(crate) fn start(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<(), Error> {
        let thread = std::thread::Builder::new().name(name.into()).spawn(work);
        let thread = thread.map_err(|error| Error::io("start a thread for", std::path::Path::new(name), error))?;
        self.0 = Some(thread);
        Ok(())
    }
}

impl<T> Background<T> {
    /// Waits for the work and takes its result; `None` when none was under way.
    ///
    /// **Errors**: those of the work.
    pub(crate) fn wait(&mut self) -> Result<Option<T>, Error> {
        let Some(thread) = self.0.take() else { return Ok(None) };
        thread.join().map_err(|_| Error::Bug("a thread that writes files panicked".into()))?.map(Some)
    }
}

impl<T> Drop for Background<T> {
    fn drop(&mut self) {
        // The owner gave up; whether the work succeeded no longer matters.
        let _ = self.wait();
    }
}
