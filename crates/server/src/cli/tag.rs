//! `zhike tag`: tags computed from definitions, and those that people put.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use jiff::civil::Date;
use zhike_domain::id::ProfileId;
use zhike_engine::{Ctx, tags};

use super::{Failure, Format, Global, Lang, Outcome};
use crate::http::tags::TagBody;
use crate::output::{print_rows, told};

/// Tags of customers.
#[derive(Subcommand)]
pub(super) enum Tag {
    /// All tags, with coverage, freshness and spread of values.
    List,
    /// One tag as JSON: definition, spread of values, dependencies.
    Show {
        /// Key.
        tag: String,
    },
    /// Define a tag, or change the one of that key.
    Put {
        /// File with the definition (docs/guides/tags.md).
        file: PathBuf,
    },
    /// Take a definition out of force.
    Drop {
        /// Key.
        tag: String,
    },
    /// Show the packs of definitions, or choose those in force.
    Packs {
        /// Packs to be in force; shows them when absent.
        packs: Vec<String>,
    },
    /// Compute one tag, or all that are computed daily.
    Refresh {
        /// Key.
        tag: Option<String>,
        /// Last day that counts; the newest day of the data when absent.
        #[arg(long, value_name = "DATE")]
        as_of: Option<Date>,
    },
    /// The tags of a customer.
    Of {
        /// Customer, `prf_…`.
        profile: ProfileId,
        /// As of this day; the newest values when absent.
        #[arg(long, value_name = "DATE")]
        as_of: Option<Date>,
    },
    /// Why a customer has the value that a tag has.
    Why {
        /// Customer, `prf_…`.
        profile: ProfileId,
        /// Key.
        tag: String,
        /// Last day that counts.
        #[arg(long, value_name = "DATE")]
        as_of: Option<Date>,
    },
    /// Put a tag on a customer.
    Set {
        /// Customer, `prf_…`.
        profile: ProfileId,
        /// Name.
        tag: String,
        /// Value.
        value: String,
        /// Last day on which it holds; for good when absent.
        #[arg(long, value_name = "DATE")]
        until: Option<Date>,
    },
    /// Take a tag that somebody put off a customer.
    Remove {
        /// Customer, `prf_…`.
        profile: ProfileId,
        /// Name.
        tag: String,
    },
}

impl Tag {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        self.run_on(&ctx, global).await?;
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }

    async fn run_on(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let is_zh = matches!(global.lang(), Lang::Zh);
        let say = |both: (String, String)| if is_zh { both.0 } else { both.1 };
        let none = || String::from("--");
        let mut out = std::io::stdout().lock();
        match self {
            Self::List => {
                let rows = tags::list(ctx).await?.into_iter().map(TagBody::from).map(|one| {
                    let name = if is_zh { one.name_zh } else { one.name };
                    let sentence = if is_zh { one.sentence_zh } else { one.sentence };
                    let as_of = one.spread.as_ref().map_or_else(none, |spread| spread.as_of.clone());
                    let share = one.spread.as_ref().and_then(|one| one.coverage_ratio);
                    let share = share.map_or_else(none, |share| format!("{:.1}%", share * 100.0));
                    let values = one.spread.as_ref().map_or_else(none, |spread| match &spread.quartiles {
                        Some(numbers) => numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(" / "),
                        None => {
                            let top = spread.values.iter().take(3);
                            top.map(|one| format!("{} {}", one.value, told(one.n_customers)))
                                .collect::<Vec<_>>()
                                .join(", ")
                        }
                    });
                    let level = one.level.unwrap_or(one.kind);
                    [one.key, name, level, one.pack.unwrap_or_else(none), share, as_of, values, sentence]
                });
                let header = ["tag", "name", "level", "pack", "coverage", "as_of", "values", "computes"];
                print_rows(global.format, header, rows)?;
            }
            Self::Show { tag } => show(ctx, &mut out, &tag).await?,
            Self::Put { file } => {
                let defined = tags::put(ctx, &super::read_json(&file)?).await?;
                show(ctx, &mut out, &defined.tag.key).await?;
            }
            Self::Drop { tag } => tags::drop_definition(ctx, &tag).await?,
            Self::Packs { packs } => {
                if !packs.is_empty() {
                    tags::choose_packs(ctx, &packs).await?;
                }
                let rows = tags::packs(ctx).await?.into_iter().map(|(pack, is_on)| {
                    [pack.key.clone(), say(pack.name.clone()), pack.tags.len().to_string(), is_on.to_string()]
                });
                print_rows(global.format, ["pack", "name", "tags", "in_force"], rows)?;
            }
            Self::Refresh { tag, as_of } => {
                let done = tags::refresh(ctx, tag.as_deref(), as_of, false).await?;
                print_done(&mut out, global, &done)?;
            }
            Self::Of { profile, as_of } => {
                let rows = tags::of_profile(ctx, profile, as_of).await?.into_iter().map(|one| {
                    let name = one.defined.map_or_else(|| one.key.clone(), |defined| say(defined.tag.name));
                    let label = one.label.map_or_else(none, say);
                    let from = one.as_of.or(one.put.map(|put| put.0)).unwrap_or_else(none);
                    [one.key, name, one.value, label, from]
                });
                print_rows(global.format, ["tag", "name", "value", "label", "from"], rows)?;
            }
            Self::Why { profile, tag, as_of } => {
                let why = tags::why(ctx, profile, &tag, as_of).await?;
                let rows = why.inputs.into_iter().map(|one| {
                    let holds = one.holds.map_or_else(none, |holds| holds.to_string());
                    [one.pointer, one.value.unwrap_or_else(none), holds, say(one.sentence)]
                });
                print_rows(global.format, ["pointer", "value", "holds", "input"], rows)?;
                let label = why.label.map(|label| format!(" {}", say(label))).unwrap_or_default();
                writeln!(out, "{}", say(why.sentence))?;
                writeln!(out, "{}{label} ({})", why.value.unwrap_or_else(none), why.as_of)?;
            }
            Self::Set { profile, tag, value, until } => {
                let until = until.map(|day| tags::end_of(ctx, day));
                tags::set(ctx, profile, &tag, &value, &global.actor(), until).await?;
            }
            Self::Remove { profile, tag } => tags::remove(ctx, profile, &tag).await?,
        }
        Ok(())
    }
}

async fn show(ctx: &Ctx, out: &mut impl Write, key: &str) -> Result<(), Failure> {
    let found = tags::list(ctx).await?.into_iter().find(|listed| listed.key == key);
    match found {
        Some(listed) => {
            serde_json::to_writer_pretty(&mut *out, &TagBody::from(listed)).map_err(std::io::Error::from)?;
            writeln!(out)?;
            Ok(())
        }
        None => Ok(tags::get(ctx, key).await.map(drop)?),
    }
}

/// Says what a refresh of tags did.
pub(super) fn print_done(out: &mut impl Write, global: &Global, done: &tags::Done) -> std::io::Result<()> {
    match (global.format, global.lang()) {
        (Format::Json, _) => {
            serde_json::to_writer_pretty(&mut *out, done).map_err(std::io::Error::from)?;
            writeln!(out)
        }
        (_, Lang::En) => {
            let how = if done.is_computed { "computed" } else { "nothing had changed" };
            writeln!(out, "tags as of {}: {} tags, {} values, {how}", done.as_of, done.n_tags, done.n_values)
        }
        (_, Lang::Zh) => {
            let how = if done.is_computed { "已计算" } else { "没有变化" };
            writeln!(out, "标签截至 {}：{} 个标签，{} 个取值，{how}", done.as_of, done.n_tags, done.n_values)
        }
    }
}
