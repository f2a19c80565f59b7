//! `zhike identity`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use zhike_domain::id::{ActId, IdentityId, ProfileId};
use zhike_engine::{Ctx, identity, import};

use super::{Failure, Format, Global, Lang, Outcome};
use crate::http::golden::{GoldenPreview, ProfileLineage};
use crate::http::identity::{
    IdentityAct, IdentityDone, IdentityExplanation, IdentityHealth, IdentityNode, IdentityPreview, IdentityStep,
};
use crate::http::review::{IdentityMatched, ReviewPair};
use crate::output::{print_json, print_rows};

/// Who is who.
#[derive(Subcommand)]
pub(super) enum Identity {
    /// Say why two customers or identities are one person, or are not.
    Explain {
        /// Customer (`prf_…`), identity (`idn_…`), `kind:value`, or a value.
        a: String,
        /// The other one; all links of the customer when absent.
        b: Option<String>,
    },
    /// Decide that two customers are one; it can be undone.
    Merge {
        /// Customer (`prf_…`).
        a: ProfileId,
        /// The other one.
        b: ProfileId,
        /// Why; kept.
        #[arg(long)]
        reason: String,
    },
    /// Decide that some identities of a customer are somebody else; it can be undone.
    Split {
        /// Customer (`prf_…`).
        profile_id: ProfileId,
        /// Identities that part (`idn_…`).
        #[arg(required = true)]
        identities: Vec<IdentityId>,
        /// Why; kept.
        #[arg(long)]
        reason: String,
    },
    /// Compare records that share no id, and join those who are one in all likelihood.
    Match,
    /// Show pairs that may be one customer, or decide about one.
    Review {
        /// Two identities (`idn_… idn_…`) to decide about; the next pairs are shown when absent.
        #[arg(num_args = 2)]
        identities: Vec<IdentityId>,
        /// They are one customer.
        #[arg(long, conflicts_with = "apart", requires = "identities", requires = "reason")]
        same: bool,
        /// They are two customers.
        #[arg(long, requires = "identities", requires = "reason")]
        apart: bool,
        /// Why; kept.
        #[arg(long)]
        reason: Option<String>,
        /// Pairs to show.
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Undo a decision: everybody is as if it had not been made.
    Undo {
        /// Decision (`act_…`).
        act_id: ActId,
    },
    /// List decisions, the newest first.
    Acts {
        /// Customer (`prf_…`); everybody when absent.
        profile_id: Option<ProfileId>,
    },
    /// Report how well people are told apart: sizes, suspicious bridges, what was refused.
    Health,
    /// Show, try or change how far identities may join people.
    #[command(subcommand)]
    Policy(Policy),
    /// Show, try or change which statement of a field stands, or trace a customer's fields back.
    #[command(subcommand)]
    Golden(Golden),
}

/// Rules of the golden record as data.
#[derive(Subcommand)]
pub(super) enum Golden {
    /// Print the rules in force as JSON, to edit.
    Show,
    /// Say what edited rules would change.
    Preview {
        /// File with the rules.
        file: PathBuf,
    },
    /// Put edited rules in force and make anew everybody whom they change.
    Set {
        /// File with the rules.
        file: PathBuf,
    },
    /// Say where each field of a customer comes from, and who says otherwise.
    Explain {
        /// Customer (`prf_…`).
        profile_id: ProfileId,
        /// One field; all when absent.
        field: Option<String>,
    },
}

/// Limits of identities as data.
#[derive(Subcommand)]
pub(super) enum Policy {
    /// Print the policy in force as JSON, to edit.
    Show,
    /// Say what an edited policy would merge and split.
    Preview {
        /// File with the policy.
        file: PathBuf,
    },
    /// Put an edited policy in force and make anew everybody whom it changes.
    Set {
        /// File with the policy.
        file: PathBuf,
    },
}

impl Identity {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        global.with(async |ctx| self.carry_out(ctx, global).await).await.map(|()| ExitCode::SUCCESS)
    }

    async fn carry_out(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let actor = global.actor();
        match self {
            Self::Explain { a, b } => {
                let other = b.as_deref().map(identity::read_whom);
                let explained = identity::explain(ctx, &identity::read_whom(&a), other.as_ref()).await?;
                put_explanation(global, &explained.into())
            }
            Self::Merge { a, b, reason } => put_done(global, identity::merge(ctx, a, b, &reason, &actor).await?.into()),
            Self::Split { profile_id, identities, reason } => {
                put_done(global, identity::split(ctx, profile_id, &identities, &reason, &actor).await?.into())
            }
            Self::Undo { act_id } => put_done(global, identity::undo(ctx, act_id, &actor).await?.into()),
            Self::Match => put_matched(global, identity::match_people(ctx, &actor).await?.into()),
            Self::Review { identities, same, apart, reason, limit } => match identities.as_slice() {
                [a, b] if same || apart => {
                    let reason = reason.unwrap_or_default();
                    put_done(global, identity::judge(ctx, [*a, *b], same, &reason, &actor).await?.into())
                }
                [] => put_review(global, identity::review(ctx, 0, limit).await?),
                _ => Err(Failure::new(
                    "say --same or --apart, with --reason",
                    "请写明 --same 或 --apart，并用 --reason 写明理由",
                )),
            },
            Self::Acts { profile_id } => put_acts(global, identity::acts(ctx, profile_id).await?),
            Self::Health => put_health(global, &identity::health(ctx).await?.into()),
            Self::Golden(golden) => golden.carry_out(ctx, global, &actor).await,
            Self::Policy(Policy::Show) => print_json(&import::identity_policy(ctx).await?),
            Self::Policy(Policy::Preview { file }) => {
                put_preview(global, &identity::preview(ctx, &super::read_json(&file)?).await?.into())
            }
            Self::Policy(Policy::Set { file }) => {
                let (version, preview) = identity::apply_policy(ctx, &super::read_json(&file)?, &actor).await?;
                if global.format != Format::Json {
                    writeln!(std::io::stdout(), "identity policy version {version}")?;
                }
                put_preview(global, &preview.into())
            }
        }
    }
}

impl Golden {
    async fn carry_out(self, ctx: &Ctx, global: &Global, actor: &str) -> Result<(), Failure> {
        match self {
            Self::Show => print_json(&identity::golden_rules(ctx).await?.0),
            Self::Preview { file } => {
                put_golden(global, &identity::preview_golden(ctx, &super::read_json(&file)?).await?.into())
            }
            Self::Set { file } => {
                let (version, changed) = identity::apply_golden(ctx, &super::read_json(&file)?, None, actor).await?;
                if global.format != Format::Json {
                    writeln!(std::io::stdout(), "golden record rules version {version}")?;
                }
                put_golden(global, &changed.into())
            }
            Self::Explain { profile_id, field } => {
                let mut lineage = ProfileLineage::from(identity::lineage(ctx, profile_id).await?);
                lineage.fields.retain(|one| field.as_ref().is_none_or(|field| *field == one.field));
                put_lineage(global, lineage)
            }
        }
    }
}

fn put_golden(global: &Global, preview: &GoldenPreview) -> Result<(), Failure> {
    if global.format == Format::Json {
        return print_json(preview);
    }
    let row = |what: &str, of: String, n: String| [what.to_owned(), of, n];
    let says = |value: &Option<String>| value.clone().unwrap_or_else(|| "--".to_owned());
    let rows = [row("customers that change", String::new(), preview.n_profiles.to_string())]
        .into_iter()
        .chain(preview.fields.iter().map(|(field, n)| row("field", field.clone(), n.to_string())))
        .chain(preview.examples.iter().map(|one| {
            let of = format!("{} {}", one.profile_id, one.field);
            row("example", of, format!("{} > {}", says(&one.before), says(&one.after)))
        }));
    Ok(print_rows(global.format, ["what", "of", "n"], rows)?)
}

fn put_lineage(global: &Global, lineage: ProfileLineage) -> Result<(), Failure> {
    if global.format == Format::Json {
        return print_json(&lineage);
    }
    let rows = lineage.fields.into_iter().flat_map(|field| {
        let corrected = field.corrected_at.map(|at| format!("corrected {at}"));
        let rule = corrected.unwrap_or_else(|| field.rule.to_owned());
        field.statements.into_iter().enumerate().map(move |(at, one)| {
            let stands = if at == 0 { rule.clone() } else { String::new() };
            let by = one.batch_id.or(one.message_id).unwrap_or_default();
            let value = one.value.unwrap_or_else(|| "--".to_owned());
            [field.field.clone(), stands, value, one.source, one.standing.to_owned(), one.at, by]
        })
    });
    Ok(print_rows(global.format, ["field", "stands by", "value", "source", "standing", "at", "from"], rows)?)
}

fn put_done(global: &Global, done: IdentityDone) -> Result<(), Failure> {
    if global.format == Format::Json {
        return print_json(&done);
    }
    writeln!(std::io::stdout(), "{}\n{}", done.act_id, done.profile_ids.join(" "))?;
    Ok(())
}

fn put_matched(global: &Global, matched: IdentityMatched) -> Result<(), Failure> {
    if global.format == Format::Json {
        return print_json(&matched);
    }
    let row = |what: &str, n: u64| [what.to_owned(), n.to_string()];
    let rows = [
        row("records", matched.n_records),
        row("compared now", matched.n_compared),
        row("pairs joined", matched.n_joined),
        row("pairs to review", matched.n_review),
        row("pairs judged", matched.n_judged),
    ];
    Ok(print_rows(global.format, ["what", "n"], rows)?)
}

fn put_review(global: &Global, (n, pairs): (u64, Vec<identity::Candidate>)) -> Result<(), Failure> {
    let pairs: Vec<ReviewPair> = pairs.into_iter().map(ReviewPair::from).collect();
    if global.format == Format::Json {
        return print_json(&serde_json::json!({ "n": n, "pairs": pairs }));
    }
    let lang = global.lang();
    let rows = pairs.into_iter().flat_map(|pair| {
        let percent = format!("{:.1}%", pair.probability * 100.0);
        let head = [percent, pair.identity_ids.join(" "), String::new(), String::new(), String::new()];
        let fields = pair.fields.into_iter().map(move |one| {
            let level = match lang {
                Lang::Zh => one.level_zh,
                Lang::En => one.level_en,
            };
            let says = level.map(|level| format!("{level} ({:+.1})", one.bits)).unwrap_or_default();
            [String::new(), one.field, one.left.unwrap_or_default(), one.right.unwrap_or_default(), says]
        });
        std::iter::once(head).chain(fields).collect::<Vec<_>>()
    });
    Ok(print_rows(global.format, ["likely", "field", "left", "right", "agreement"], rows)?)
}

fn put_acts(global: &Global, acts: Vec<identity::Act>) -> Result<(), Failure> {
    let acts: Vec<IdentityAct> = acts.into_iter().map(IdentityAct::from).collect();
    if global.format == Format::Json {
        return print_json(&acts);
    }
    let rows = acts.into_iter().map(|act| {
        let undone = act.undone_at.map(|at| format!("{at} {}", act.undone_by.unwrap_or_default()));
        let kind = act.kind.to_owned();
        [
            act.act_id,
            kind,
            act.decided_at,
            act.author,
            act.reason,
            act.profile_ids.join(" "),
            undone.unwrap_or_default(),
        ]
    });
    Ok(print_rows(global.format, ["act", "kind", "decided", "author", "reason", "customers", "undone"], rows)?)
}

fn put_explanation(global: &Global, one: &IdentityExplanation) -> Result<(), Failure> {
    if global.format == Format::Json {
        return print_json(one);
    }
    let lang = global.lang();
    let mut out = std::io::stdout().lock();
    let head = match (lang, one.is_one) {
        (Lang::Zh, true) => "同一位客户",
        (Lang::Zh, false) => "两位不同的客户",
        (Lang::En, true) => "one customer",
        (Lang::En, false) => "two different customers",
    };
    writeln!(out, "{head}  {}", one.profile_ids.join("  "))?;
    for step in &one.steps {
        writeln!(out, "{}", words(step, lang))?;
    }
    if one.steps.is_empty() {
        let none = match lang {
            Lang::Zh => "没有关联",
            Lang::En => "nothing links them",
        };
        writeln!(out, "  {none}")?;
    }
    for act in &one.acts {
        let kind = match (lang, act.kind) {
            (Lang::Zh, "merge") => "人工合并",
            (Lang::Zh, _) => "人工拆分",
            (Lang::En, "merge") => "merged by hand",
            (Lang::En, _) => "split by hand",
        };
        let undone = match (&act.undone_at, lang) {
            (None, _) => String::new(),
            (Some(at), Lang::Zh) => format!("（{at} 已撤销）"),
            (Some(at), Lang::En) => format!(" (undone {at})"),
        };
        writeln!(out, "{kind} {} {} {}: {}{undone}", act.act_id, act.decided_at, act.author, act.reason)?;
    }
    Ok(())
}

fn words(step: &IdentityStep, lang: Lang) -> String {
    let node = |node: &IdentityNode| format!("{} {}", node.kind, node.value.as_deref().unwrap_or("--"));
    let mark = if step.is_refused { "×" } else { "—" };
    let (left, right) = (node(&step.left), node(&step.right));
    let day = step.at.get(..10).unwrap_or_default();
    match lang {
        Lang::Zh => {
            format!("  {left} {mark} {right}：{}（证据：{}）{} {day}", step.reason_zh, step.evidence_zh, step.source)
        }
        Lang::En => {
            format!("  {left} {mark} {right}: {} (evidence: {}) {} {day}", step.reason_en, step.evidence, step.source)
        }
    }
}

fn put_health(global: &Global, health: &IdentityHealth) -> Result<(), Failure> {
    if global.format == Format::Json {
        return print_json(health);
    }
    let row = |what: &str, name: String, n: i64| [what.to_owned(), name, n.to_string()];
    let count = |what: &'static str| move |(name, n): (&String, &u64)| row(what, name.clone(), *n as i64);
    let sizes =
        health.sizes.iter().map(|one| row("customers with identities", one.n_identities.to_string(), one.n_profiles));
    let bridges = health.bridges.iter().map(|one| {
        let [small, large] = one.sides;
        ["bridge".to_owned(), format!("{} by {}", one.profile_id, one.kind), format!("{small} + {large}")]
    });
    let rows = sizes
        .chain(health.links.iter().map(count("links")))
        .chain(health.refused.iter().map(count("links refused or undone")))
        .chain(health.set_aside.iter().map(count("identities set aside")))
        .chain([row("bridges", String::new(), health.n_bridges as i64)])
        .chain([row("decisions by hand", String::new(), health.n_decisions as i64)])
        .chain(bridges);
    Ok(print_rows(global.format, ["what", "of", "n"], rows)?)
}

fn put_preview(global: &Global, preview: &IdentityPreview) -> Result<(), Failure> {
    if global.format == Format::Json {
        return print_json(preview);
    }
    let row = |what: &str, name: String, n: u64| [what.to_owned(), name, n.to_string()];
    let count = |what: &'static str| move |(name, n): (&String, &u64)| row(what, name.clone(), *n);
    let rows = [
        row("people now", String::new(), preview.n_people),
        row("people by these rules", String::new(), preview.n_people_after),
        row("groups that become one", String::new(), preview.n_merged),
        row("customers that part", String::new(), preview.n_parted),
    ];
    let rows = rows
        .into_iter()
        .chain(preview.set_aside.iter().map(count("identities set aside")))
        .chain(preview.active_again.iter().map(count("identities that identify again")))
        .chain(preview.merged.iter().map(|group| row("become one", group.join(" "), group.len() as u64)));
    Ok(print_rows(global.format, ["what", "of", "n"], rows)?)
}
