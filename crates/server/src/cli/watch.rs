//! `zhike audit`, `zhike approval`, `zhike incident`, `zhike budget`, `zhike canary`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use zhike_domain::id::{ApprovalId, IncidentId, ProfileId};
use zhike_domain::sensitive::Sensitive;
use zhike_engine::audit::{self, AuditFilter};
use zhike_engine::hooks::{self, Topic};
use zhike_engine::{Ctx, approvals, consents, exports, guard, incidents};

use super::key::read_public_key;
use super::{Failure, Format, Global, Lang, Outcome};
use crate::http::audit::{AuditBody, TracedBody, VerificationBody, moment};
use crate::http::hooks::{HookBody, check};
use crate::http::watch::{ApprovalBody, IncidentBody, IncidentReport, read_act};
use crate::outbound::{self, Outbound};
use crate::output::{print_json, print_rows};

/// The audit trail.
#[derive(Subcommand)]
pub(super) enum Audit {
    /// List entries, the newest first.
    List {
        /// By whom: a name; their keys too.
        #[arg(long, value_name = "NAME")]
        who: Option<String>,
        /// Action, or how it begins: export, profile.unmask …
        #[arg(long, value_name = "ACTION")]
        action: Option<String>,
        /// On whom or on what, exactly: prf_…
        #[arg(long, value_name = "SUBJECT")]
        on: Option<String>,
        /// From this day or instant on.
        #[arg(long, value_name = "WHEN")]
        since: Option<String>,
        /// Until this day, itself included, or before this instant.
        #[arg(long, value_name = "WHEN")]
        until: Option<String>,
        /// Entries at most.
        #[arg(long, default_value_t = 100, value_name = "N")]
        limit: usize,
    },
    /// Verify every link and every signed root; with --anchor also against roots that stand outside.
    Verify {
        /// File of an anchor, or of a log that took roots.
        #[arg(long, value_name = "FILE")]
        anchor: Option<PathBuf>,
        /// Check the signatures of these roots alone, with the public key that `zhike key public` writes; no data directory is
        /// opened.
        #[arg(long, value_name = "FILE", requires = "anchor")]
        public_key: Option<PathBuf>,
    },
    /// Print all signed roots, as they stand outside: whoever has the public key can check them.
    Roots,
    /// Tell which exports a file comes from, by the marks in it: a CSV, a workbook, or any text.
    Trace {
        /// File.
        file: PathBuf,
    },
}

fn bad((en, zh): (String, String)) -> Failure {
    Failure::new(en, zh)
}

fn open_file(path: &Path) -> Result<std::io::BufReader<std::fs::File>, Failure> {
    let name = path.display();
    let file = std::fs::File::open(path)
        .map_err(|error| Failure::new(format!("cannot read {name}: {error}"), format!("无法读取 {name}：{error}")))?;
    Ok(std::io::BufReader::new(file))
}

/// Checks the signatures of roots that stand outside.
fn check_roots(global: &Global, anchor: &Path, key: &Path) -> Outcome {
    let found = audit::check_roots(&mut open_file(anchor)?, &read_public_key(key)?)?;
    let (n, older, seq) = (found.n_signed, found.n_unsigned, found.seq);
    let at = found.at.map_or_else(|| "--".to_owned(), crate::output::instant);
    let is_zh = global.lang() == Lang::Zh;
    if global.format == Format::Json {
        let flaws = found.flaws.iter().map(|flaw| {
            let (zh, en) = flaw.kind.words();
            serde_json::json!({ "kind": flaw.kind.as_str(), "seq": flaw.seq, "zh": zh, "en": en })
        });
        print_json(&serde_json::json!({
            "whole": found.is_whole(), "n_signed": n, "n_unsigned": older, "signed_seq": seq, "signed_at": at,
            "flaws": flaws.collect::<Vec<_>>(),
        }))?;
    } else {
        let mut out = std::io::stdout().lock();
        let mark = if found.is_whole() { "✓" } else { "✗" };
        match is_zh {
            true => {
                writeln!(out, "签名有效的根 {n} 个 {mark}，至第 {seq} 条记录（{at}）；签名功能之前的根 {older} 个")?
            }
            false => writeln!(
                out,
                "{n} roots signed with this key {mark}, to entry {seq} ({at}); {older} from before there were signatures"
            )?,
        }
        for flaw in &found.flaws {
            let (zh, en) = flaw.kind.words();
            writeln!(out, "  #{} {}: {}", flaw.seq, flaw.kind.as_str(), if is_zh { zh } else { en })?;
        }
    }
    Ok(if found.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Audit {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        if let Self::Verify { anchor: Some(anchor), public_key: Some(key) } = &self {
            return check_roots(global, anchor, key);
        }
        global.with(async |ctx| self.carry_out(ctx, global).await).await
    }

    async fn carry_out(self, ctx: &Ctx, global: &Global) -> Outcome {
        match self {
            Self::List { who, action, on, since, until, limit } => {
                let at = |text: Option<String>, is_end| text.map(|text| moment(ctx, &text, is_end)).transpose();
                let (since, until) = (at(since, false).map_err(bad)?, at(until, true).map_err(bad)?);
                let filter = AuditFilter { actor: who, action, subject: on, since, until, is_security: false };
                let rows = audit::list(ctx, &filter, None, limit).await?.into_iter().map(AuditBody::from);
                if global.format == Format::Json {
                    print_json(&rows.collect::<Vec<_>>())?;
                    return Ok(ExitCode::SUCCESS);
                }
                let rows = rows.map(|row| {
                    let detail = if row.detail.as_object().is_some_and(|one| one.is_empty()) {
                        String::new()
                    } else {
                        row.detail.to_string()
                    };
                    [row.seq.to_string(), row.at, row.actor, row.action, row.subject, row.result.to_owned(), detail]
                });
                print_rows(global.format, ["seq", "at", "who", "action", "on", "result", "detail"], rows)?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Trace { file } => {
                let content = std::fs::read(&file).map_err(|error| {
                    let name = file.display();
                    Failure::new(format!("cannot read {name}: {error}"), format!("无法读取 {name}：{error}"))
                })?;
                let found = exports::trace(ctx, content).await?.into_iter().map(TracedBody::from);
                if global.format == Format::Json {
                    print_json(&found.collect::<Vec<_>>())?;
                    return Ok(ExitCode::SUCCESS);
                }
                let rows = found.map(|one| {
                    let marks = format!("{} / {}", one.n_found, one.n_marks);
                    [one.seq.to_string(), one.at, one.actor, one.subject, one.purpose, one.n_rows.to_string(), marks]
                });
                print_rows(global.format, ["seq", "at", "who", "on", "purpose", "rows", "marks"], rows)?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Roots => {
                let mut out = std::io::stdout().lock();
                for line in audit::roots(ctx).await? {
                    writeln!(out, "{line}")?;
                }
                Ok(ExitCode::SUCCESS)
            }
            Self::Verify { anchor, public_key: _ } => {
                let mut file = anchor.as_deref().map(open_file).transpose()?;
                let outside = file.as_mut().map(|file| file as &mut (dyn std::io::BufRead + Send));
                let found = VerificationBody::new(ctx, audit::verify(ctx, outside).await?);
                if global.format == Format::Json {
                    print_json(&found)?;
                } else {
                    tell(&found, global.lang())?;
                }
                Ok(if found.whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
        }
    }
}

fn tell(found: &VerificationBody, lang: Lang) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let until = found.until.clone().unwrap_or_else(|| "--".into());
    let VerificationBody { n_entries, n_roots, n_anchored, signed_seq, .. } = *found;
    match (lang, found.whole) {
        (Lang::Zh, true) => writeln!(
            out,
            "链完整 ✓ 截至 {until}：{n_entries} 条记录，{n_roots} 个签名根（至第 {signed_seq} 条），外部核对 {n_anchored} 个"
        )?,
        (Lang::En, true) => writeln!(
            out,
            "whole ✓ until {until}: {n_entries} entries, {n_roots} signed roots (to entry {signed_seq}), {n_anchored} compared outside"
        )?,
        (Lang::Zh, false) => writeln!(out, "链已被改动 ✗：{n_entries} 条记录，{} 处问题", found.flaws.len())?,
        (Lang::En, false) => writeln!(out, "changed ✗: {n_entries} entries, {} flaws", found.flaws.len())?,
    }
    for flaw in &found.flaws {
        writeln!(out, "  #{} {}: {}", flaw.seq, flaw.kind, if lang == Lang::Zh { flaw.zh } else { flaw.en })?;
    }
    Ok(())
}

/// What waits for a second person.
#[derive(Subcommand)]
pub(super) enum Approvals {
    /// List what waits, and what was decided.
    List,
    /// Approve; never what was asked for by oneself.
    Approve {
        /// `apr_…`
        approval: ApprovalId,
        /// Why.
        #[arg(default_value = "")]
        note: String,
    },
    /// Refuse.
    Refuse {
        /// `apr_…`
        approval: ApprovalId,
        /// Why.
        note: String,
    },
}

impl Approvals {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        let by = global.by();
        let done = match self {
            Self::List => approvals::list(&ctx, &by).await,
            Self::Approve { approval, note } => {
                approvals::decide(&ctx, &by, approval, true, &note).await.map(|one| vec![one])
            }
            Self::Refuse { approval, note } => {
                approvals::decide(&ctx, &by, approval, false, &note).await.map(|one| vec![one])
            }
        };
        let purposes = consents::purposes(&ctx).await;
        ctx.close().await;
        let (done, purposes) = (done?, purposes?);
        let all = done.into_iter().map(|one| ApprovalBody::new(&by, one, &purposes));
        if global.format == Format::Json {
            print_json(&all.collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        }
        let rows = all.map(|one| {
            let decided = one.decided_by.unwrap_or_else(|| "--".into());
            let n_rows = one.n_rows.to_string();
            [
                one.approval_id,
                one.kind,
                n_rows,
                one.purpose,
                one.reason,
                one.asked_by,
                one.status,
                decided,
                one.expires_at,
            ]
        });
        let header =
            ["approval_id", "kind", "rows", "purpose", "reason", "asked_by", "status", "decided_by", "expires_at"];
        print_rows(global.format, header, rows)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Incidents.
#[derive(Subcommand)]
pub(super) enum Incident {
    /// List incidents, the newest first.
    List,
    /// Show one: whose data it is about, and the draft of a notice.
    Show {
        /// `inc_…`
        incident: IncidentId,
    },
    /// Take a step: acknowledged, contained, false_alarm, closed.
    Act {
        /// `inc_…`
        incident: IncidentId,
        /// acknowledged, contained, false_alarm, closed.
        act: String,
        /// Why.
        #[arg(default_value = "")]
        note: String,
    },
    /// Set, list and try addresses that are told when an incident opens.
    #[command(subcommand)]
    Hook(HookCommand),
}

/// Addresses that are told of something.
#[derive(Subcommand)]
pub(super) enum HookCommand {
    /// Put addresses in force and print the secret that signs notices, once; no address takes all away.
    Set {
        /// `https://…`
        urls: Vec<String>,
        /// Those in force stay beside them.
        #[arg(long)]
        keep: bool,
        #[command(flatten)]
        outbound: outbound::Options,
    },
    /// List addresses, masked, and what came of the last notice to each.
    List,
    /// Send a notice of nothing to every address.
    Test {
        #[command(flatten)]
        outbound: outbound::Options,
    },
}

impl HookCommand {
    pub(super) async fn carry_out(self, ctx: &Ctx, global: &Global, topic: Topic) -> Result<(), Failure> {
        let by = &global.by();
        match self {
            Self::List => {}
            Self::Test { outbound } => {
                crate::hooks::deliver(ctx, &Outbound::new(outbound), hooks::trial(ctx, by, topic).await?).await?;
            }
            Self::Set { urls, keep, outbound } => {
                let urls: Vec<_> = urls.into_iter().map(Sensitive::new).collect();
                check(&Outbound::new(outbound), &urls).map_err(|error| bad(error.into_texts()))?;
                let kept = if keep { hooks::list(ctx, topic).await? } else { Vec::new() };
                let kept: Vec<String> = kept.into_iter().map(|one| one.id).collect();
                if let Some(secret) = hooks::set(ctx, by, topic, &kept, &urls).await? {
                    writeln!(std::io::stdout(), "{}", secret.expose())?;
                }
                return Ok(());
            }
        }
        let all = hooks::list(ctx, topic).await?.into_iter().map(HookBody::from);
        if global.format == Format::Json {
            return print_json(&all.collect::<Vec<_>>());
        }
        let rows = all.map(|one| {
            let [outcome, at] = [one.last_outcome, one.last_tried_at].map(|word| word.unwrap_or_else(|| "--".into()));
            [one.url, outcome, at]
        });
        print_rows(global.format, ["url", "last_outcome", "last_tried_at"], rows)?;
        Ok(())
    }
}

impl Incident {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        global.with(async |ctx| self.carry_out(ctx, global).await).await.map(|()| ExitCode::SUCCESS)
    }

    async fn carry_out(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let all = match self {
            Self::Hook(hook) => return hook.carry_out(ctx, global, Topic::Incidents).await,
            Self::List => incidents::list(ctx).await?,
            Self::Act { incident, act, note } => {
                vec![incidents::act(ctx, &global.by(), incident, read_act(&act).map_err(bad)?, &note).await?]
            }
            Self::Show { incident } => {
                let one = incidents::get(ctx, incident).await?;
                let affected = incidents::affected(ctx, &one).await?;
                let report = IncidentReport::new(ctx, one, &affected);
                if global.format == Format::Json {
                    return print_json(&report);
                }
                let notice = if global.lang() == Lang::Zh { report.notice_zh } else { report.notice_en };
                let one = &report.incident;
                let mut out = std::io::stdout().lock();
                writeln!(out, "{} {} {} {} {}", one.incident_id, one.kind, one.severity, one.status, one.actor)?;
                writeln!(out, "{} · {} · {}", report.n_people, report.n_rows, report.classes.join(" "))?;
                writeln!(out, "\n{notice}")?;
                return Ok(());
            }
        };
        let all = all.into_iter().map(IncidentBody::from);
        if global.format == Format::Json {
            return print_json(&all.collect::<Vec<_>>());
        }
        let rows = all.map(|one| {
            let decided = one.decided_by.unwrap_or_else(|| "--".into());
            let locked = if one.locked { "locked" } else { "" }.to_owned();
            [
                one.incident_id,
                one.kind,
                one.severity,
                one.actor,
                one.status,
                one.opened_at,
                one.decide_by,
                locked,
                decided,
            ]
        });
        let header =
            ["incident_id", "kind", "severity", "about", "status", "opened_at", "decide_by", "rights", "decided_by"];
        print_rows(global.format, header, rows)?;
        Ok(())
    }
}

/// How much of people's data each role may see or take.
#[derive(Subcommand)]
pub(super) enum Budget {
    /// Show the budgets in force as JSON.
    Show,
    /// Put others in force.
    Set {
        /// JSON file, as show prints it.
        file: PathBuf,
    },
}

impl Budget {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        let done = async {
            if let Self::Set { file } = self {
                guard::set_budgets(&ctx, &global.by(), &super::read_json(&file)?).await?;
            }
            Ok::<_, Failure>(guard::budgets(&ctx).await?)
        };
        let done = done.await;
        ctx.close().await;
        print_json(&done?)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Customers that nobody has a reason to touch: whoever opens one is told of at once.
#[derive(Subcommand)]
pub(super) enum Canary {
    /// Mark a customer.
    Add {
        /// `prf_…`
        profile: ProfileId,
    },
    /// Take the mark away.
    Remove {
        /// `prf_…`
        profile: ProfileId,
    },
    /// List those that are marked.
    List,
}

impl Canary {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        let by = global.by();
        let done = async {
            match self {
                Self::Add { profile } => incidents::mark_canary(&ctx, &by, profile, true).await?,
                Self::Remove { profile } => incidents::mark_canary(&ctx, &by, profile, false).await?,
                Self::List => {}
            }
            incidents::canaries(&ctx).await
        };
        let done = done.await;
        ctx.close().await;
        let rows = done?.into_iter().map(|id| [id.to_string()]);
        print_rows(global.format, ["profile_id"], rows)?;
        Ok(ExitCode::SUCCESS)
    }
}
