//! Files of exports: written one at a time, handed out once, gone after a day or when the server ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::RequestId;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::exports::{self, Export, Request};
use zhike_engine::{Ctx, Error, Result, requests};

use crate::jobs::{Cancel, Jobs};

mod file;

use file::Writer;
pub(crate) use file::{Format, broken, sheets};

/// How long a file waits to be fetched.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// Exports that wait or run at most.
const MAX_OPEN: usize = 10;

/// How far an export is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    /// waiting, writing.
    pub(crate) stage: &'static str,
    pub(crate) rows_done: u64,
    /// Known once it is being written.
    pub(crate) rows_total: Option<u64>,
}

/// A file that was made; it goes with this.
pub(crate) struct Made {
    pub(crate) path: PathBuf,
    /// Name for whoever saves it.
    pub(crate) name: String,
    pub(crate) mime: &'static str,
    pub(crate) n_rows: u64,
    pub(crate) n_bytes: u64,
}

/// What a second person approved, and the password of the archive.
pub(crate) struct Approved {
    pub(crate) what: exports::Approved,
    pub(crate) password: Sensitive<String>,
}

impl Drop for Made {
    fn drop(&mut self) {
        // Gone already, perhaps; what stays is swept when the server starts.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The exports of this process.
#[derive(Clone)]
pub(crate) struct Exports {
    dir: Arc<PathBuf>,
    jobs: Jobs<Progress, Arc<Made>>,
    turn: Arc<Semaphore>,
}

impl Exports {
    /// Exports into a folder; what an earlier process left there goes.
    pub(crate) fn new(dir: &Path) -> Self {
        match std::fs::remove_dir_all(dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, "old exports stay");
            }
            _ => {}
        }
        Self { dir: Arc::new(dir.to_owned()), jobs: Jobs::default(), turn: Arc::new(Semaphore::new(1)) }
    }

    pub(crate) const fn jobs(&self) -> &Jobs<Progress, Arc<Made>> {
        &self.jobs
    }

    /// Starts an export in the background and returns its id.
    ///
    /// **Errors**: `busy` when many wait already.
    pub(crate) fn start(
        &self,
        ctx: &Ctx,
        owner: &str,
        request: Request,
        format: Format,
        approved: Option<Approved>,
    ) -> Result<String> {
        self.check_room()?;
        let (ctx, dir, turn, jobs) = (ctx.clone(), self.dir.clone(), self.turn.clone(), self.jobs.clone());
        let waiting = Progress { stage: "waiting", ..Progress::default() };
        Ok(self.jobs.start("exp_", owner, waiting, move |desk| async move {
            let turn = turn.acquire().await;
            let n_erased = ctx.n_erasures_begun();
            let path = dir.join(format!("{}.{}", desk.id, format.as_str()));
            // Dropped on an error, and the file with it.
            let mut made = Made { path, name: String::new(), mime: format.mime(), n_rows: 0, n_bytes: 0 };
            std::fs::create_dir_all(&*dir).map_err(|error| failed(&made.path, &error))?;
            let done = write(
                &ctx,
                request,
                approved.as_ref().map(|one| &one.what),
                &made.path,
                format,
                &desk.cancel,
                |progress| {
                    (desk.progress)(progress);
                },
            )
            .await?;
            drop(turn);
            made.name = done.name;
            if let Some(Approved { password, .. }) = approved {
                let path = dir.join(format!("{}.zip", desk.id));
                exports::seal(&made.path, &path, &made.name, &password).await?;
                made.path = path;
                made.name.push_str(".zip");
                made.mime = "application/zip";
            }
            made.n_rows = done.n_rows;
            kept(&ctx, n_erased, made, &jobs, &desk.id)
        }))
    }

    /// Starts the copy that a person's request asks for: an archive under a password, fetched once like any export.
    ///
    /// **Errors**: `busy` when many wait already.
    pub(crate) fn start_copy(
        &self,
        ctx: &Ctx,
        by: (&str, String),
        request: RequestId,
        is_zh: bool,
        password: Sensitive<String>,
    ) -> Result<String> {
        self.check_room()?;
        let (ctx, dir, turn, jobs) = (ctx.clone(), self.dir.clone(), self.turn.clone(), self.jobs.clone());
        let waiting = Progress { stage: "waiting", ..Progress::default() };
        let (owner, actor) = by;
        Ok(self.jobs.start("exp_", owner, waiting, move |desk| async move {
            let turn = turn.acquire().await;
            if desk.cancel.is_asked() {
                return Err(cancelled());
            }
            let n_erased = ctx.n_erasures_begun();
            let path = dir.join(format!("{}.zip", desk.id));
            std::fs::create_dir_all(&*dir).map_err(|error| failed(&path, &error))?;
            let mut made = Made { path, name: String::new(), mime: "application/zip", n_rows: 0, n_bytes: 0 };
            let copy = requests::copy(&ctx, request, is_zh, &actor).await?;
            (made.n_rows, made.name) = (copy.n_rows, format!("zhike-person-{}.zip", stamp(&ctx)));
            requests::seal(copy, &made.path, &password).await?;
            drop(turn);
            kept(&ctx, n_erased, made, &jobs, &desk.id)
        }))
    }

    /// **Errors**: `busy` when many wait already.
    pub(crate) fn check_room(&self) -> Result<()> {
        if self.jobs.n_open() >= MAX_OPEN {
            return Err(Error::new(
                ErrorCode::Busy,
                format!("{MAX_OPEN} exports wait already: try again when one is done"),
                format!("已有 {MAX_OPEN} 个导出在排队：请等其中一个完成后再试"),
            ));
        }
        Ok(())
    }
}

/// A file that waits to be fetched, for a while. `n_erased` are the erasures that had begun before anything was read for it: an
/// erasure sweeps the files that are there, not what is still being written.
fn kept(ctx: &Ctx, n_erased: u64, mut made: Made, jobs: &Jobs<Progress, Arc<Made>>, id: &str) -> Result<Arc<Made>> {
    if ctx.n_erasures_begun() != n_erased {
        return Err(Error::new(
            ErrorCode::Conflict,
            "somebody was erased while the file was being made, who may be in it: export again",
            "生成文件期间有客户被删除，文件中可能含其信息：请重新导出",
        ));
    }
    made.n_bytes = std::fs::metadata(&made.path).map_err(|error| failed(&made.path, &error))?.len();
    let (jobs, id) = (jobs.clone(), id.to_owned());
    tokio::spawn(async move {
        tokio::time::sleep(KEPT).await;
        jobs.take(&id);
    });
    Ok(Arc::new(made))
}

fn cancelled() -> Error {
    Error::new(ErrorCode::Conflict, "the export was cancelled", "导出已取消")
}

/// When a file was made, for its name.
fn stamp(ctx: &Ctx) -> String {
    let day = jiff::Timestamp::from_microsecond(ctx.now()).unwrap_or_default();
    day.to_zoned(ctx.workspace().time_zone()).strftime("%Y%m%d-%H%M%S").to_string()
}

/// What was written.
pub(crate) struct Written {
    pub(crate) name: String,
    pub(crate) n_rows: u64,
}

/// Writes an export to a file and records it in the audit trail; on an error the file is not to be handed out.
///
/// **Errors**: `bad_request` when the format cannot hold so many rows; `conflict` when it was cancelled; `disk_full`.
pub(crate) async fn write(
    ctx: &Ctx,
    request: Request,
    approved: Option<&exports::Approved>,
    path: &Path,
    format: Format,
    cancel: &Cancel,
    progress: impl Fn(Progress),
) -> Result<Written> {
    if cancel.is_asked() {
        return Err(cancelled());
    }
    let mut export = Export::open(ctx, request).await?;
    export.reserve(ctx, format.as_str(), approved).await?;
    let total = export.n_rows;
    let mut writer = Writer::new(path, format, &export, ctx.workspace().time_zone())?;
    let (mut rows_written, mut rows_done) = (0, 0);
    let tell = |rows_done| progress(Progress { stage: "writing", rows_done, rows_total: Some(total) });
    tell(0);
    loop {
        if cancel.is_asked() {
            return Err(cancelled());
        }
        let Some(frame) = export.next(ctx).await? else { break };
        tokio::task::block_in_place(|| writer.write(&export.heads, &frame))?;
        rows_written += frame.n_rows() as u64;
        rows_done = rows_written - export.n_marks();
        tell(rows_done);
    }
    let notes = export.notes(ctx, rows_done);
    tokio::task::block_in_place(|| writer.finish(&notes))?;
    export.record(ctx, format.as_str(), rows_done).await?;
    let name = format!("zhike-{}-{}.{}", export.word(), stamp(ctx), format.as_str());
    Ok(Written { name, n_rows: rows_done })
}

/// A file that could not be written.
fn failed(path: &Path, error: &std::io::Error) -> Error {
    use std::io::ErrorKind as Kind;
    let path = path.display();
    if matches!(error.kind(), Kind::StorageFull | Kind::QuotaExceeded) {
        return Error::new(
            ErrorCode::DiskFull,
            format!("no space left on the disk of {path}: free some and export again"),
            format!("{path} 所在磁盘已满：请腾出空间后重新导出"),
        );
    }
    Error::new(ErrorCode::Unavailable, format!("cannot write {path}: {error}"), format!("无法写入 {path}：{error}"))
}
