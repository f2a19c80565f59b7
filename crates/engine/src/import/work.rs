//! The work of one load: three threads read, clean and resolve; then everything is staged, committed and shown.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use serde::{Deserialize, Serialize};
use zhike_domain::clean::rule::Rule;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::frame::{ColumnType, TextColumn};
use zhike_domain::id::BatchId;
use zhike_domain::import::accept::{Accepted, Acceptor, Change, Reject};
use zhike_domain::import::entity::Entity;
use zhike_domain::import::mapping::Mapping;
use zhike_domain::import::profile::Profiler;
use zhike_domain::import::report::{self, LoadReport, QualityInput, quality};
use zhike_domain::import::said;
use zhike_domain::raw::RawBatch;
use zhike_lake::Publication;
use zhike_lake::read::{self, BadRow, Input, Notes, ReadOptions, SkippedLines};
use zhike_state::{BatchCounts, LoadCommit};

use super::lines::Lines;
use super::load::{Load, Loaded, Refused};
use super::people::{Known, People};
use super::persons::Persons;
use super::rows::Rows;
use super::{Looked, OnProgress, OpenFile, Progress, read_error};
use crate::{Ctx, Error, Result};

/// Rows read at a time: large enough to work in columns, small enough to stay in the cache.
const BATCH_ROWS: usize = 16 * 1024;
/// Batches between two threads.
const QUEUE: usize = 4;

/// What a committed load still has to do; stored with the commit.
#[derive(Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) publication: Publication,
    pub(crate) report: LoadReport,
}

pub(crate) fn counts(report: &LoadReport) -> BatchCounts {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    BatchCounts {
        rows_read: count(report.rows_read),
        rows_loaded: count(report.rows_loaded),
        rows_duplicate: count(report.rows_duplicate),
        rows_quarantined: count(report.rows_quarantined),
    }
}

/// Rows on their way from the reader.
struct Read {
    raw: RawBatch,
    bad: Vec<BadRow>,
    progress: (u64, u64),
}

/// Rows on their way from the cleaner.
struct Cleaned {
    rows: Known,
    refused: Vec<Refused>,
    changes: Vec<Change>,
    n_rows: u64,
    progress: (u64, u64),
}

/// What the reader saw at the end of the file.
struct Ended {
    skipped: SkippedLines,
    notes: Notes,
}

enum Target {
    Lines(Box<Lines>),
    Rows(Box<Rows>),
    Persons(Persons),
}

/// See [`super::load_looked`].
pub(super) async fn run(
    ctx: &Ctx,
    batch_id: i64,
    open: &OpenFile,
    looked: Looked,
    dry_run: bool,
    progress: OnProgress,
) -> Result<LoadReport> {
    let entity = looked.mapping.entity;
    let off: Vec<Rule> = looked.mapping.rules.off().iter().collect();
    let mut load = Load::new(ctx, batch_id, entity, &looked.source, off).await?;
    let mut target = match entity {
        Entity::OrderLines => Target::Lines(Box::new(Lines::new(&load)?)),
        Entity::Profiles => Target::Persons(Persons::default()),
        _ => Target::Rows(Box::new(Rows::new(&load)?)),
    };
    let batch = BatchId::new(batch_id).to_string();
    let mut acceptor = acceptor(ctx, &looked)?;
    learn(open, &looked, &mut acceptor)?;
    let cleaner = Cleaner {
        acceptor,
        people: std::mem::take(&mut load.people),
        entity,
        tally: Tally {
            report: LoadReport::new(&looked.file_name, &looked.source, &batch, looked.mapping.clone()),
            profiler: Profiler::default(),
            n_violations: 0,
            newest_us: None,
        },
    };
    let (reading, cleaning, cleaned) = start(open()?, &looked, cleaner);
    let file = looked.file_name.clone();
    let mut n_rows = 0;
    let cleaned = std::sync::Arc::new(std::sync::Mutex::new(cleaned));
    loop {
        let receiver = cleaned.clone();
        // The threads before this one may take their time; the runtime goes on meanwhile.
        let next = tokio::task::spawn_blocking(move || {
            receiver.lock().unwrap_or_else(std::sync::PoisonError::into_inner).recv().ok()
        })
        .await
        .map_err(|error| Error::bug("reading task", error))?;
        let Some(batch) = next else { break };
        n_rows += batch.n_rows;
        let (done, total) = batch.progress;
        tell(&progress, Progress { stage: "reading", rows_done: n_rows, done, total })?;
        take(&mut load, &mut target, batch)?;
        ctx.step("import.reading")?;
    }
    let panicked = |_| Error::bug("reading thread", std::io::Error::other("it panicked"));
    let (ended, cleaner) = tokio::task::spawn_blocking(move || (reading.join(), cleaning.join()))
        .await
        .map_err(|error| Error::bug("reading task", error))?;
    let ended = ended.map_err(panicked)?.map_err(|error| read_error(&file, &error))?;
    let Cleaner { people, tally, .. } = cleaner.map_err(panicked)?;
    load.people = people;
    tell(&progress, Progress { stage: "resolving", rows_done: n_rows, done: 1, total: 1 })?;

    let mut commit = LoadCommit { batch_id, committed_at: ctx.now(), ..LoadCommit::default() };
    let loaded = match target {
        Target::Lines(lines) => lines.finish(&mut load, &mut commit).await?,
        Target::Rows(rows) => rows.finish(&mut load, &mut commit).await?,
        Target::Persons(persons) => persons.finish(&mut load, &looked, &mut commit).await?,
    };
    let report = finish_report(&load, tally, &loaded, &ended);
    let mut publication = loaded.publication;
    commit.quarantine = load.finish_log(&mut publication)?;
    report.check_counts().map_err(|problem| Error::bug("rows unaccounted for", problem))?;
    if dry_run {
        ctx.lake().unstage(batch_id).await?;
        return Ok(report);
    }
    tell(&progress, Progress { stage: "storing", rows_done: n_rows, done: 1, total: 1 })?;
    ctx.step("import.staged")?;
    let plan = Plan { publication, report };
    commit.plan_json = serde_json::to_string(&plan).map_err(|error| Error::bug("the plan of a load", error))?;
    ctx.store().commit_load(&commit).await?;
    ctx.step("import.committed")?;
    super::publish(ctx, batch_id, &plan.publication).await?;
    ctx.step("import.published")?;
    let json = serde_json::to_string(&plan.report).map_err(|error| Error::bug("report as JSON", error))?;
    let score = Some(plan.report.quality.score);
    ctx.store().finish_batch(batch_id, counts(&plan.report), score, &json, ctx.now()).await?;
    Ok(plan.report)
}

/// Tells how far the load is, and ends it when it was cancelled; the failure leaves nothing of it.
fn tell(progress: &OnProgress, at: Progress) -> Result<()> {
    match progress(at) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::new(
            ErrorCode::Conflict,
            "the load was cancelled; nothing of it was loaded",
            "载入已取消，没有载入任何数据",
        )),
    }
}

pub(super) fn acceptor(ctx: &Ctx, looked: &Looked) -> Result<Acceptor> {
    let acceptor = Acceptor::new(&looked.mapping, &looked.sniffed.header, ctx.now());
    let acceptor = acceptor.map_err(|problems| super::mapping_error(&looked.file_name, &problems))?;
    Ok(acceptor.in_currency(&ctx.workspace().currency))
}

/// Rules that need the whole column first read the file once more.
pub(super) fn learn(open: &OpenFile, looked: &Looked, acceptor: &mut Acceptor) -> Result<()> {
    if !acceptor.wants_learning() {
        return Ok(());
    }
    let failed = |error: read::Error| read_error(&looked.file_name, &error);
    let mut reader = read::open(open()?, &looked.sniffed, &options_of(looked)).map_err(failed)?;
    while let Some(raw) = reader.next_batch(BATCH_ROWS).map_err(failed)? {
        acceptor.learn(&raw);
        reader.take_bad_rows();
    }
    Ok(())
}

pub(super) fn options_of(looked: &Looked) -> ReadOptions {
    ReadOptions { sheet: looked.sniffed.sheet.clone(), ..ReadOptions::default() }
}

type Reading = std::thread::JoinHandle<std::result::Result<Ended, read::Error>>;

/// Cleans rows, finds out who they are about and counts, on a thread of its own.
struct Cleaner {
    acceptor: Acceptor,
    people: People,
    entity: Entity,
    tally: Tally,
}

impl Cleaner {
    fn clean(&mut self, read: Read) -> Cleaned {
        let Accepted { mut frame, rejects, changes, n_skipped_lines, .. } = {
            let accepted = self.acceptor.accept(&read.raw);
            self.tally.add(self.entity, &accepted);
            accepted
        };
        let n_rows = read.raw.n_rows() as u64 - n_skipped_lines + read.bad.len() as u64;
        let mut refused: Vec<Refused> = rejects
            .into_iter()
            .map(|reject| Refused {
                cells: cells_of(&read.raw, &reject),
                row_no: reject.row_no,
                reason: reject.reason.code(),
                column: reject.column,
                detail: reject.detail,
            })
            .collect();
        refused.extend(read.bad.into_iter().map(|bad| {
            let reason = bad.reason.code();
            self.tally.report.rows_read += 1;
            self.tally.report.rows_quarantined += 1;
            *self.tally.report.reasons.entry(reason.to_owned()).or_default() += 1;
            let cells = serde_json::to_string(&[bad.text]).unwrap_or_default();
            Refused { row_no: bad.row_no, reason, column: None, detail: bad.detail, cells }
        }));
        let rows = match frame.n_rows() {
            0 => Known::default(),
            _ => {
                // Where a row stands is nothing that it says: two that say the same are one.
                let at = frame.remove(said::ROW);
                let mut rows = self.people.know(frame, self.entity.fact_time());
                at.into_iter().for_each(|at| rows.frame.set(said::ROW, ColumnType::Int, at));
                rows
            }
        };
        Cleaned { rows, refused, changes, n_rows, progress: read.progress }
    }
}

type Cleaning = std::thread::JoinHandle<Cleaner>;

/// Starts the reader and the cleaner, each on its own thread.
fn start(input: Input, looked: &Looked, mut cleaner: Cleaner) -> (Reading, Cleaning, Receiver<Cleaned>) {
    let (to_cleaner, from_reader) = sync_channel::<Read>(QUEUE);
    let (to_loader, from_cleaner) = sync_channel::<Cleaned>(QUEUE);
    let sniffed = looked.sniffed.clone();
    let options = options_of(looked);
    let reading = std::thread::spawn(move || read_all(input, &sniffed, &options, &to_cleaner));
    let cleaning = std::thread::spawn(move || {
        for read in from_reader {
            if to_loader.send(cleaner.clean(read)).is_err() {
                break;
            }
        }
        cleaner
    });
    (reading, cleaning, from_cleaner)
}

fn read_all(
    input: Input,
    sniffed: &read::Sniffed,
    options: &ReadOptions,
    to_cleaner: &SyncSender<Read>,
) -> std::result::Result<Ended, read::Error> {
    let mut reader = read::open(input, sniffed, options)?;
    loop {
        let raw = reader.next_batch(BATCH_ROWS)?;
        let is_end = raw.is_none();
        let read = Read { raw: raw.unwrap_or_default(), bad: reader.take_bad_rows(), progress: reader.progress() };
        let has_rows = read.raw.n_rows() > 0 || !read.bad.is_empty();
        if has_rows && to_cleaner.send(read).is_err() {
            break;
        }
        if is_end {
            break;
        }
    }
    Ok(Ended { skipped: reader.skipped().clone(), notes: reader.notes().clone() })
}

/// The cells of a rejected row as a JSON array; nothing else of it is kept.
fn cells_of(raw: &RawBatch, reject: &Reject) -> String {
    let cells: Vec<Option<&str>> = raw.columns.iter().map(|column: &TextColumn| column.get(reject.row)).collect();
    serde_json::to_string(&cells).unwrap_or_default()
}

/// What the report is made of.
struct Tally {
    report: LoadReport,
    profiler: Profiler,
    n_violations: u64,
    newest_us: Option<i64>,
}

impl Tally {
    fn add(&mut self, entity: Entity, accepted: &Accepted) {
        self.report.add(accepted);
        self.profiler.add(&accepted.frame);
        self.n_violations += report::n_violations(entity, &accepted.frame);
        self.newest_us = self.newest_us.max(report::newest_us(entity, &accepted.frame));
    }
}

fn take(load: &mut Load<'_>, target: &mut Target, batch: Cleaned) -> Result<()> {
    batch.refused.into_iter().for_each(|row| load.refuse(row));
    load.log(batch.changes)?;
    if batch.rows.frame.n_rows() == 0 {
        return Ok(());
    }
    match target {
        Target::Lines(lines) => lines.push(load, batch.rows),
        Target::Rows(rows) => rows.push(load, batch.rows),
        Target::Persons(persons) => {
            persons.push(load, batch.rows);
            Ok(())
        }
    }
}

fn finish_report(load: &Load<'_>, tally: Tally, loaded: &Loaded, ended: &Ended) -> LoadReport {
    let mut report = tally.report;
    for ((rule, column), n) in &load.rules {
        report.count_rule(*rule, column, *n);
    }
    report.rows_duplicate = load.n_repeated + loaded.n_duplicate;
    report.rows_loaded = loaded.n_loaded;
    report.n_skipped_lines += ended.skipped.count;
    report.skipped_lines.extend(ended.skipped.first.iter().map(|(row, text)| format!("{row}: {}", masked(text))));
    report.columns = tally.profiler.profiles();
    report.quality = quality(&QualityInput {
        rows: (report.rows_read, report.rows_loaded, report.rows_duplicate, report.rows_quarantined),
        columns: &report.columns,
        n_violations: tally.n_violations,
        newest_us: tally.newest_us,
        now_us: load.ctx.now(),
    });
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    notes(&report.mapping, ended, loaded, &mut zh, &mut en);
    report.notes_zh = zh;
    report.notes_en = en;
    report
}

fn masked(text: &str) -> String {
    zhike_domain::detect::mask_text(text).unwrap_or_else(|| text.to_owned())
}

fn notes(mapping: &Mapping, ended: &Ended, loaded: &Loaded, zh: &mut Vec<String>, en: &mut Vec<String>) {
    let dropped: Vec<&str> =
        mapping.columns.iter().filter(|column| column.target.is_none()).map(|column| column.header.as_str()).collect();
    if !dropped.is_empty() {
        zh.push(format!("未载入的列：{}", dropped.join("、")));
        en.push(format!("columns that were not loaded: {}", dropped.join(", ")));
    }
    if ended.notes.n_short_rows > 0 {
        zh.push(format!("{} 行的单元格比表头少，缺的按空处理", ended.notes.n_short_rows));
        en.push(format!(
            "{} rows have fewer cells than the header; the missing ones are empty",
            ended.notes.n_short_rows
        ));
    }
    for (key, n) in &ended.notes.unknown_keys {
        zh.push(format!("键 {key} 在开头没有出现，{n} 个值未载入"));
        en.push(format!("key {key} is not among the first objects; {n} values were not loaded"));
    }
    if ended.notes.quotes_end_at_line {
        zh.push("引号多处未闭合，已按行结束处理".into());
        en.push("many quotes are never closed; they were taken to end with their line".into());
    }
    if loaded.n_new_profiles > 0 || loaded.n_merged > 0 {
        zh.push(format!("新建客户 {} 个，合并 {} 个", loaded.n_new_profiles, loaded.n_merged));
        en.push(format!("{} new customers, {} merged", loaded.n_new_profiles, loaded.n_merged));
    }
    if let Some(said) = &loaded.said {
        let (n, known, refused) = (said.n_recorded, said.n_known, said.n_refused);
        zh.push(format!("同意表态：记录 {n} 条，已有表态而未记录 {known} 条，不成立 {refused} 条"));
        en.push(format!("statements of consent: {n} recorded, {known} no news, {refused} do not stand"));
    }
    if loaded.n_set_aside > 0 {
        zh.push(format!("{} 个身份被太多人共用，已搁置，不再用来认人", loaded.n_set_aside));
        en.push(format!("{} identities are shared by too many people and were set aside", loaded.n_set_aside));
    }
}
