//! `zhike import`, `zhike imports`, `zhike mapping`.

use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use zhike_domain::clean::rule::{Reason, Rule};
use zhike_domain::id::BatchId;
use zhike_domain::import::entity::Entity;
use zhike_domain::import::report::LoadReport;
use zhike_engine::Ctx;
use zhike_engine::import::{self, ImportOptions, OnProgress, Progress};

use super::{Failure, Format, Global, Lang, Outcome};

/// Loads files.
#[derive(Args)]
pub(super) struct Import {
    /// Files to load.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the rows are; found out when absent.
    #[arg(long = "as", value_name = "ENTITY", value_parser = Entity::from_str)]
    entity: Option<Entity>,
    /// Column mapping as YAML (see `zhike mapping`); guessed, or remembered, when absent.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Name of the shop or system that the files come from.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Sheet of a workbook.
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// Clean and count only, change nothing.
    #[arg(long)]
    dry_run: bool,
    /// No progress bar.
    #[arg(long, short)]
    quiet: bool,
}

impl Import {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        let mapping = self.mapping.as_deref().map(read_mapping).transpose()?;
        let mut reports = Vec::new();
        let mut failed = Vec::new();
        for file in &self.files {
            let options = ImportOptions {
                entity: self.entity,
                mapping: mapping.clone(),
                source: self.source.clone(),
                sheet: self.sheet.clone(),
                dry_run: self.dry_run,
            };
            match self.one(&ctx, file, options, global).await {
                Ok(report) => reports.push(report),
                Err(failure) => {
                    // The other files may be fine.
                    writeln!(std::io::stderr(), "zhike: {}", failure.text(global.lang()))?;
                    failed.push(file.display().to_string());
                }
            }
        }
        print_reports(&reports, global)?;
        ctx.close().await;
        Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn one(
        &self,
        ctx: &Ctx,
        file: &Path,
        options: ImportOptions,
        global: &Global,
    ) -> Result<LoadReport, Failure> {
        let open = import::file_at(file);
        let dry_run = options.dry_run;
        let looked = import::look(ctx, &open, &options).await?;
        let shows = !self.quiet && global.format == Format::Table;
        if shows {
            show_mapping(&looked, global.lang())?;
        }
        let bar = Bar::new(!self.quiet && std::io::stderr().is_terminal(), global.lang());
        let report = import::load_looked(ctx, open, looked, dry_run, bar.callback()).await;
        bar.finish();
        Ok(report?)
    }
}

pub(super) fn read_mapping(path: &Path) -> Result<zhike_domain::import::mapping::Mapping, Failure> {
    let (name, text) = (path.display(), super::read_text(path)?);
    import::parse_mapping(&text)
        .map_err(|error| Failure::new(format!("{name}: {}", error.message), format!("{name}：{}", error.message_zh)))
}

/// Says on stderr how the columns are read, before they are.
fn pick<'a>(lang: Lang, zh: &'a str, en: &'a str) -> &'a str {
    if lang == Lang::Zh { zh } else { en }
}

fn show_mapping(looked: &import::Looked, lang: Lang) -> std::io::Result<()> {
    let mut err = std::io::stderr().lock();
    let word = |zh, en| pick(lang, zh, en);
    let sniffed = &looked.sniffed;
    let encoding = sniffed.encoding.map(|encoding| format!(" · {encoding:?}")).unwrap_or_default();
    writeln!(
        err,
        "{} → {} ({} {}{})",
        looked.file_name,
        looked.mapping.entity,
        sniffed.format.as_str(),
        if looked.is_remembered { word("沿用上次映射", "mapping remembered") } else { word("映射", "mapping") },
        encoding,
    )?;
    for column in &looked.mapping.columns {
        let target = column.target_name().unwrap_or(word("（不载入）", "(not loaded)"));
        let doubt =
            if column.confidence < 0.5 && column.target.is_some() { word("  存疑", "  doubtful") } else { "" };
        writeln!(err, "  {} → {target}{doubt}", column.header)?;
    }
    for doubt in &looked.doubts {
        writeln!(err, "  ! {}", pick(lang, &doubt.message_zh, &doubt.message_en))?;
    }
    Ok(())
}

/// A progress bar on stderr: rows a second and time left.
struct Bar(Option<Arc<indicatif::ProgressBar>>, Lang);

impl Bar {
    fn new(is_shown: bool, lang: Lang) -> Self {
        let bar = is_shown.then(|| {
            let style = indicatif::ProgressStyle::with_template("{bar:30} {percent:>3}% {msg} {eta}")
                .unwrap_or_else(|_| indicatif::ProgressStyle::default_bar());
            Arc::new(indicatif::ProgressBar::new(1).with_style(style))
        });
        Self(bar, lang)
    }

    fn callback(&self) -> OnProgress {
        let (bar, lang) = (self.0.clone(), self.1);
        let started = std::time::Instant::now();
        Arc::new(move |progress: Progress| {
            let Some(bar) = &bar else { return ControlFlow::Continue(()) };
            bar.set_length(progress.total.max(1));
            bar.set_position(progress.done);
            let rate = progress.rows_done as f64 / started.elapsed().as_secs_f64().max(0.001);
            let rows = match lang {
                Lang::Zh => format!("{} 行 · {rate:.0} 行/秒", progress.rows_done),
                Lang::En => format!("{} rows · {rate:.0} rows/s", progress.rows_done),
            };
            bar.set_message(rows);
            ControlFlow::Continue(())
        })
    }

    fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn print_reports(reports: &[LoadReport], global: &Global) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match global.format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, &json!({ "files": reports }))?;
            writeln!(out)
        }
        Format::Csv => {
            writeln!(out, "file,entity,batch_id,rows_read,rows_loaded,rows_duplicate,rows_quarantined,quality")?;
            for report in reports {
                writeln!(
                    out,
                    "{},{},{},{},{},{},{},{:.1}",
                    report.file,
                    report.entity,
                    report.batch_id,
                    report.rows_read,
                    report.rows_loaded,
                    report.rows_duplicate,
                    report.rows_quarantined,
                    report.quality.score
                )?;
            }
            Ok(())
        }
        Format::Table => reports.iter().try_for_each(|report| print_report(&mut out, report, global.lang())),
    }
}

fn print_report(out: &mut impl Write, report: &LoadReport, lang: Lang) -> std::io::Result<()> {
    let zh = lang == Lang::Zh;
    if zh {
        writeln!(
            out,
            "{}：读取 {} = 载入 {} + 重复 {} + 隔离 {} · 质量 {:.1} · {}",
            report.file,
            report.rows_read,
            report.rows_loaded,
            report.rows_duplicate,
            report.rows_quarantined,
            report.quality.score,
            report.batch_id
        )?;
    } else {
        writeln!(
            out,
            "{}: read {} = loaded {} + duplicate {} + quarantined {} · quality {:.1} · {}",
            report.file,
            report.rows_read,
            report.rows_loaded,
            report.rows_duplicate,
            report.rows_quarantined,
            report.quality.score,
            report.batch_id
        )?;
    }
    for (code, n) in &report.rules {
        let title =
            Rule::from_code(code).map_or(code.as_str(), |rule| if zh { rule.title_zh() } else { rule.title_en() });
        writeln!(out, "  {title}: {n}")?;
    }
    for (code, n) in &report.reasons {
        let help = Reason::from_code(code).map_or(code.as_str(), |why| if zh { why.help_zh() } else { why.help_en() });
        writeln!(out, "  {} {n}: {help}", if zh { "隔离" } else { "quarantined" })?;
    }
    for note in if zh { &report.notes_zh } else { &report.notes_en } {
        writeln!(out, "  {note}")?;
    }
    Ok(())
}

/// Shows loads.
#[derive(Args)]
pub(super) struct Imports {
    /// One load, with its report; all loads when absent.
    batch_id: Option<BatchId>,
    /// Loads shown at most.
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

impl Imports {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        match self.batch_id {
            Some(batch_id) => {
                let (_, report) = import::report(&ctx, batch_id).await?;
                print_reports(report.as_slice(), global)?;
            }
            None => {
                let sql = format!(
                    "SELECT started_at, file_name, entity, source, status, rows_read, rows_loaded, rows_duplicate, \
                     rows_quarantined, quality, batch_id FROM batches ORDER BY started_at DESC LIMIT {}",
                    self.limit
                );
                super::sql::print(&ctx, &sql, global).await?;
            }
        }
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Shows the mapping of a file.
#[derive(Args)]
pub(super) struct ShowMapping {
    /// File to look at.
    file: PathBuf,
    /// What the rows are; found out when absent.
    #[arg(long = "as", value_name = "ENTITY", value_parser = Entity::from_str)]
    entity: Option<Entity>,
    /// Name of the shop or system that the file comes from.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
}

impl ShowMapping {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        let open = import::file_at(&self.file);
        let options = ImportOptions { entity: self.entity, source: self.source, ..ImportOptions::default() };
        let looked = import::look(&ctx, &open, &options).await?;
        let mut out = std::io::stdout().lock();
        for doubt in &looked.doubts {
            writeln!(out, "# {}", pick(global.lang(), &doubt.message_zh, &doubt.message_en))?;
        }
        for column in &looked.unmapped {
            writeln!(out, "# {column}")?;
        }
        write!(out, "{}", import::mapping_yaml(&looked.mapping)?)?;
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
