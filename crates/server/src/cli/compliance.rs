//! `zhike compliance`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use zhike_domain::id::AssessmentId;
use zhike_engine::Ctx;
use zhike_engine::compliance::{self, Recorded};

use super::{Failure, Format, Global, Lang, Outcome};
use crate::http::compliance::{ImpactAssessment, ProcessingRegister};
use crate::output::{print_json, print_rows};

/// The register of processing activities, and impact assessments.
#[derive(Subcommand)]
pub(super) enum Compliance {
    /// Show which classes of personal data are processed for what, from where, how long, read by whom, given to whom.
    Register {
        /// As a document (Markdown) instead of a table.
        #[arg(long)]
        markdown: bool,
        /// Into a workbook, a sheet for each table.
        #[arg(long, value_name = "FILE", conflicts_with = "markdown")]
        xlsx: Option<PathBuf>,
    },
    /// List impact assessments, the newest first.
    List,
    /// Show all versions of one.
    Show {
        /// `pia_…`
        assessment: AssessmentId,
    },
    /// Record an impact assessment for good: it is never altered, only superseded.
    Assess {
        /// JSON file: title, purposes, processing, necessity, risks, measures, conclusion.
        file: PathBuf,
        /// Take the place of this one, `pia_…`.
        #[arg(long, value_name = "ID")]
        supersedes: Option<AssessmentId>,
    },
}

impl Compliance {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        global.with(async |ctx| self.carry_out(ctx, global).await).await.map(|()| ExitCode::SUCCESS)
    }

    async fn carry_out(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        match self {
            Self::Register { markdown, xlsx } => {
                let register = compliance::register(ctx).await?;
                if let Some(path) = xlsx {
                    let book = crate::register::workbook(&register, ctx, global.lang() == Lang::Zh)?;
                    return Ok(std::fs::write(&path, book)?);
                }
                if markdown {
                    let text = crate::register::markdown(&register, ctx, global.lang() == Lang::Zh);
                    return Ok(write!(std::io::stdout(), "{text}")?);
                }
                tell(&register.into(), global)
            }
            Self::List => list(compliance::assessments(ctx).await?, global),
            Self::Show { assessment } => {
                let all = compliance::versions(ctx, assessment).await?;
                if all.is_empty() {
                    return Err(Failure::new("there is no such impact assessment", "没有这份影响评估"));
                }
                print_json(&all.into_iter().map(ImpactAssessment::from).collect::<Vec<_>>())
            }
            Self::Assess { file, supersedes } => {
                let content = super::read_json(&file)?;
                list(vec![compliance::assess(ctx, &global.by(), content, supersedes).await?], global)
            }
        }
    }
}

/// One row for every class that is held, with the purposes that it is processed for.
fn tell(register: &ProcessingRegister, global: &Global) -> Result<(), Failure> {
    if global.format == Format::Json {
        return print_json(register);
    }
    let rows = register.classes.iter().map(|one| {
        let purposes = register.activities.iter().filter(|activity| activity.classes.contains(&one.class));
        let purposes = purposes.map(|activity| activity.purpose.as_str()).collect::<Vec<_>>().join(" ");
        let kept = one.kept.iter().map(|rule| format!("{} {}d {}", rule.class, rule.days, rule.then));
        let kept = kept.chain(one.until_erased.then(|| "until erased".to_owned())).collect::<Vec<_>>().join("; ");
        let reader = |reader: &crate::http::compliance::ClassReader| match &reader.unmask {
            Some(unmask) => format!("{} {} ({unmask})", reader.role, reader.shown),
            None => format!("{} {}", reader.role, reader.shown),
        };
        let readers = one.readers.iter().map(reader).collect::<Vec<_>>().join("; ");
        let given = register.recipients.iter().filter(|given| given.classes.contains(&one.class));
        let given = given.map(|given| format!("{} ({})", given.who, given.n_files)).collect::<Vec<_>>().join("; ");
        let (fields, sources) = (one.fields.join(" "), one.sources.join(" "));
        [one.class.clone(), one.grade.to_string(), fields, purposes, sources, kept, readers, given]
    });
    let header = ["class", "grade", "fields", "purposes", "sources", "kept", "read by", "given to (files)"];
    print_rows(global.format, header, rows)?;
    let missing =
        register.activities.iter().filter(|one| one.assessment_id.is_none() && !one.assessment_needed.is_empty());
    let missing: Vec<&str> = missing.map(|one| one.purpose.as_str()).collect();
    if !missing.is_empty() {
        let mut err = std::io::stderr().lock();
        let missing = missing.join(" ");
        match global.lang() {
            Lang::Zh => writeln!(err, "需要影响评估而尚未记录的用途：{missing}")?,
            Lang::En => writeln!(err, "purposes that need an impact assessment and have none: {missing}")?,
        }
    }
    Ok(())
}

fn list(all: Vec<Recorded>, global: &Global) -> Result<(), Failure> {
    let all = all.into_iter().map(ImpactAssessment::from);
    if global.format == Format::Json {
        return print_json(&all.collect::<Vec<_>>());
    }
    let rows = all.map(|one| {
        let state = match (one.is_whole, one.is_superseded) {
            (false, _) => "altered",
            (true, true) => "superseded",
            (true, false) => "in force",
        };
        let (version, purposes) = (one.version.to_string(), one.purposes.join(" "));
        [one.assessment_id, version, one.title, purposes, one.author, one.at, state.to_owned()]
    });
    print_rows(global.format, ["assessment_id", "version", "title", "purposes", "author", "at", "state"], rows)?;
    Ok(())
}
