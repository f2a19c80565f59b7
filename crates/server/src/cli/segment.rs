//! `zhike segment`: rules and lists of customers.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use jiff::civil::Date;
use zhike_domain::id::ProfileId;
use zhike_domain::import::entity::IdentityKind;
use zhike_engine::{Ctx, import, segments};

use super::{Failure, Format, Global, Lang, Outcome};
use crate::http::segments::{CountBody, NewSegment, SegmentBody};
use crate::output::{instant, print_json, print_rows, told};

/// Rules and lists of customers.
#[derive(Subcommand)]
pub(super) enum Segment {
    /// All segments.
    List,
    /// One segment as JSON.
    Show {
        /// Id or name.
        segment: String,
    },
    /// Make a segment from a JSON file, or change the one of that name.
    Put {
        /// File with name, rule and, if wanted, description, purpose, refresh (docs/guides/segments.md).
        file: PathBuf,
    },
    /// Count a rule part by part, without storing it.
    Count {
        /// File with a segment or with a rule alone.
        file: PathBuf,
        /// Last day that counts; the newest day of the data when absent.
        #[arg(long, value_name = "DATE")]
        as_of: Option<Date>,
    },
    /// Bring members up to date: of one segment, or of all.
    Refresh {
        /// Id or name.
        segment: Option<String>,
        /// Last day that counts; the newest day of the data when absent.
        #[arg(long, value_name = "DATE")]
        as_of: Option<Date>,
    },
    /// Members at the last refresh, or at the end of a day.
    Members {
        /// Id or name.
        segment: String,
        /// At the end of this day.
        #[arg(long, value_name = "DATE")]
        as_of: Option<Date>,
        /// Rows.
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: usize,
    },
    /// Why a customer is in a segment, or is not.
    Why {
        /// Id or name.
        segment: String,
        /// Customer, `prf_…`.
        profile: ProfileId,
        /// Last day that counts.
        #[arg(long, value_name = "DATE")]
        as_of: Option<Date>,
    },
    /// Size over time.
    Sizes {
        /// Id or name.
        segment: String,
    },
    /// How many customers are in which combination of segments.
    Overlap {
        /// Two to eight, by id or name.
        #[arg(required = true, num_args = 2..=8)]
        segments: Vec<String>,
    },
    /// In what a segment differs most from another, or from all customers.
    Compare {
        /// Id or name.
        segment: String,
        /// The other one.
        with: Option<String>,
    },
    /// Add customers from a file of identities to a list.
    Import {
        /// Name of the list; made when there is none.
        name: String,
        /// File.
        file: PathBuf,
        /// Kind of identity: member_id, phone, email, external_id, card_no, unionid, openid …
        #[arg(long, value_name = "KIND")]
        kind: String,
        /// Column; the first when absent.
        #[arg(long, value_name = "COLUMN")]
        column: Option<String>,
    },
    /// Move a segment to the recycle bin.
    Archive {
        /// Id or name.
        segment: String,
        /// Take it out of the recycle bin; needs the id.
        #[arg(long)]
        restore: bool,
    },
}

impl Segment {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        self.run_on(&ctx, global).await?;
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }

    async fn run_on(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let is_zh = matches!(global.lang(), Lang::Zh);
        let say = |both: (String, String)| if is_zh { both.0 } else { both.1 };
        match self {
            Self::List => {
                let found = segments::list(ctx, false).await?.into_iter().map(SegmentBody::from);
                let rows = found.map(|one| {
                    let n = if one.refreshed_at.is_some() { told(one.n_members) } else { "--".to_owned() };
                    let at = one.refreshed_at.unwrap_or_else(|| "--".into());
                    let sentence = if is_zh { one.sentence_zh } else { one.sentence };
                    [one.segment_id, one.name, one.kind, one.refresh, one.version.to_string(), n, at, sentence]
                });
                let header = ["segment_id", "name", "kind", "refresh", "version", "members", "refreshed_at", "rule"];
                print_rows(global.format, header, rows)?;
            }
            Self::Show { segment } => print_json(&SegmentBody::from(segments::get(ctx, &segment).await?))?,
            Self::Put { file } => {
                let new: NewSegment = super::read_json(&file)?;
                let spec: segments::Spec = new.into();
                let known = segments::list(ctx, false).await?.into_iter().find(|one| one.spec.name == spec.name.trim());
                let stored = segments::put(ctx, known.map(|one| one.id), spec, None).await?;
                let count = segments::count(ctx, &stored, None).await?;
                let sentence = say(stored.sentence);
                let (n, total) = (told(count.count), told(count.total));
                writeln!(out(), "{} v{}: {n} / {total}\n{sentence}", stored.id, stored.version)?;
            }
            Self::Count { file, as_of } => {
                let json: serde_json::Value = super::read_json(&file)?;
                let purpose = json.get("purpose").and_then(serde_json::Value::as_str);
                let preview = segments::preview(ctx, json.get("rule").unwrap_or(&json), None, purpose, as_of).await?;
                let count = CountBody::from(preview.count);
                if matches!(global.format, Format::Json) {
                    return print_json(&count);
                }
                let rows = preview
                    .funnel
                    .into_iter()
                    .map(|step| [step.pointer, told(step.alone), told(step.left), say(step.sentence)]);
                print_rows(global.format, ["pointer", "alone", "left", "condition"], rows)?;
                let left_out = count.excluded.as_ref().filter(|one| one.total > 0).map_or_else(String::new, |one| {
                    let (n, purpose) = (one.total, &one.purpose);
                    if is_zh {
                        format!("（因用途 {purpose} 排除 {n} 人）")
                    } else {
                        format!(" ({n} left out for {purpose})")
                    }
                });
                let CountBody { count, total, as_of, ms, .. } = count;
                let (count, total) = (told(count), told(total));
                let line = if is_zh {
                    format!("{count} / {total} 人{left_out}，截至 {as_of}，{ms} 毫秒")
                } else {
                    format!("{count} of {total} customers{left_out} as of {as_of}, {ms} ms")
                };
                writeln!(out(), "{line}\n{}", say(preview.sentence))?;
            }
            Self::Refresh { segment, as_of } => {
                let only = match segment {
                    Some(segment) => Some(segments::get(ctx, &segment).await?.id),
                    None => None,
                };
                let rows = segments::refresh(ctx, only, as_of).await?.into_iter().map(|one| {
                    let (n, joined, gone) = (one.n_members, one.n_joined, one.n_gone);
                    [one.name, told(n), told(joined), told(gone), one.is_computed.to_string()]
                });
                print_rows(global.format, ["name", "members", "joined", "gone", "computed"], rows)?;
            }
            Self::Members { segment, as_of, limit } => {
                let segment = segments::get(ctx, &segment).await?;
                let page = segments::members(ctx, &segment, as_of, None, limit).await?;
                print_rows(global.format, MEMBER, page.members.into_iter().map(member))?;
            }
            Self::Why { segment, profile, as_of } => {
                let segment = segments::get(ctx, &segment).await?;
                let why = segments::why(ctx, &segment, profile, as_of).await?;
                let rows = why.conditions.into_iter().map(|one| {
                    let value = one.value.unwrap_or_else(|| "--".into());
                    [one.pointer, one.holds.to_string(), value, say(one.sentence)]
                });
                print_rows(global.format, ["pointer", "holds", "value", "condition"], rows)?;
                for (since, until) in why.stays {
                    writeln!(out(), "{} – {}", instant(since), until.map(instant).unwrap_or_default())?;
                }
                writeln!(out(), "{} ({})", why.holds, why.as_of)?;
            }
            Self::Sizes { segment } => {
                let segment = segments::get(ctx, &segment).await?;
                let rows = segments::sizes(ctx, &segment)
                    .await?
                    .into_iter()
                    .map(|one| [one.day, told(one.n_members), told(one.n_joined), told(one.n_gone)]);
                print_rows(global.format, ["day", "members", "joined", "gone"], rows)?;
            }
            Self::Overlap { segments: names } => {
                let mut found = Vec::new();
                for name in &names {
                    found.push(segments::get(ctx, name).await?);
                }
                let (_, combinations, _) = segments::overlap(ctx, &found, None).await?;
                let rows = combinations.into_iter().map(|one| {
                    let names: Vec<&str> = one.segments.iter().map(|at| found[*at].spec.name.as_str()).collect();
                    [names.join(" + "), told(one.count)]
                });
                print_rows(global.format, ["segments", "customers"], rows)?;
            }
            Self::Compare { segment, with } => {
                let left = segments::get(ctx, &segment).await?;
                let right = match with {
                    Some(with) => Some(segments::get(ctx, &with).await?),
                    None => None,
                };
                let compared = segments::compare(ctx, &left, right.as_ref(), None).await?;
                let rows = compared.differences.into_iter().map(|one| {
                    let numbers = [one.left, one.right, one.size].map(|number| format!("{number:.3}"));
                    let [left, right, size] = numbers;
                    [say(one.label), one.value.unwrap_or_default(), left, right, size]
                });
                print_rows(global.format, ["attribute", "value", "left", "right", "size"], rows)?;
            }
            Self::Import { name, file, kind, column } => {
                let kind = IdentityKind::parse(&kind).ok_or_else(|| {
                    let known = IdentityKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
                    Failure::new(
                        format!("there is no kind of identity {kind:?}; there are: {known}"),
                        format!("没有身份类型 {kind:?}；可用的有：{known}"),
                    )
                })?;
                let done = segments::import(ctx, &name, import::file_at(&file), kind, column.as_deref()).await?;
                let (n, found, joined) = (done.n_rows, done.n_found, done.n_joined);
                let (unknown, invalid) = (done.n_unknown, done.n_invalid);
                let line = if is_zh {
                    format!("读入 {n} 个，找到 {found} 位客户，新加入 {joined}；无人对应 {unknown}，格式不对 {invalid}")
                } else {
                    format!(
                        "{n} read, {found} customers found, {joined} joined; {unknown} unknown, {invalid} not of this kind"
                    )
                };
                writeln!(out(), "{} {line}", done.segment.id)?;
            }
            Self::Archive { segment, restore } => {
                let segment = segments::get(ctx, &segment).await?;
                let segment = segments::archive(ctx, segment.id, !restore).await?;
                writeln!(out(), "{}", segment.id)?;
            }
        }
        Ok(())
    }
}

fn out() -> std::io::StdoutLock<'static> {
    std::io::stdout().lock()
}

const MEMBER: [&str; 7] = ["profile_id", "name", "phone", "province", "city", "tier", "since"];

fn member(member: segments::Member) -> [String; 7] {
    let mut one = member.customer;
    let tier = one.rfm.map(|rfm| rfm.scores.tier.as_str().to_owned());
    [
        one.profile_id.to_string(),
        one.personal.remove("name").unwrap_or_default(),
        one.personal.remove("phone").unwrap_or_default(),
        one.row.province.unwrap_or_default(),
        one.row.city.unwrap_or_default(),
        tier.unwrap_or_default(),
        instant(member.since),
    ]
}
