//! `zhike target`: numbers that figures shall come to, split to parts of the business.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use zhike_engine::import::file_at;
use zhike_engine::targets::{self, Set};

use super::people::kept;
use super::{Failure, Format, Global, Lang, Outcome};
use crate::exports;
use crate::http::targets::{NewTarget, TargetBoard, accounts_of, board_of, target_list};
use crate::output::{print_json, print_rows, told};

/// Targets, split to parts of the business.
#[derive(Subcommand)]
pub(super) enum Target {
    /// All targets.
    List,
    /// Split a number by what can be expected of each part.
    Create {
        /// Name.
        name: String,
        /// Figure: net_sales, gross_sales, orders, items.
        #[arg(long, default_value = "net_sales")]
        kpi: String,
        /// First day.
        #[arg(long, value_name = "DATE")]
        from: String,
        /// Last day.
        #[arg(long, value_name = "DATE")]
        to: String,
        /// What the whole shall come to; money in the workspace currency.
        #[arg(long)]
        amount: f64,
        /// What it is split by, the coarsest first: channel, store, source, province, city, member_level,
        /// acquisition_channel; separated by commas.
        #[arg(long, value_delimiter = ',', required = true)]
        levels: Vec<String>,
    },
    /// How far each part has come.
    Show {
        /// Name or id.
        target: String,
    },
    /// Set bounds of one part, or the amount of the whole, and split again.
    Set {
        /// Name or id.
        target: String,
        /// What the whole shall come to.
        #[arg(long)]
        amount: Option<f64>,
        /// The part: values of the levels from the top, `/` between them; bounds that are not named are taken away.
        #[arg(long, value_name = "PATH")]
        part: Option<String>,
        /// Least.
        #[arg(long, requires = "part")]
        floor: Option<f64>,
        /// Most.
        #[arg(long, requires = "part")]
        cap: Option<f64>,
        /// Exactly this.
        #[arg(long, requires = "part")]
        locked: Option<f64>,
        /// What those responsible say they can bring.
        #[arg(long, requires = "part")]
        asked: Option<f64>,
    },
    /// Write the parts as a table for those responsible: CSV, or XLSX by the name of the file.
    Sheet {
        /// Name or id.
        target: String,
        /// File.
        file: PathBuf,
    },
    /// Read such a table back: each row sets its part as it says, and the target is split again.
    Read {
        /// Name or id.
        target: String,
        /// File.
        file: PathBuf,
    },
    /// The customers of a part and what each of them shall bring, the largest gaps first.
    Accounts {
        /// Name or id.
        target: String,
        /// The part: values of the levels from the top, `/` between them; all customers when absent.
        #[arg(long, value_name = "PATH")]
        part: Option<String>,
        /// Accounts at most.
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Keep them as a segment of this name.
        #[arg(long, value_name = "NAME")]
        save: Option<String>,
    },
    /// Forget a target.
    Remove {
        /// Name or id.
        target: String,
    },
}

/// The values of a part as they are written on the command line; `-` stands for a missing one.
fn path(text: Option<&str>) -> Vec<String> {
    let value = |value: &str| if value == "-" { String::new() } else { value.trim().to_owned() };
    text.map(|text| text.split('/').map(value).collect()).unwrap_or_default()
}

impl Target {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        self.done(&ctx, global).await?;
        Ok(ExitCode::SUCCESS)
    }

    async fn done(self, ctx: &zhike_engine::Ctx, global: &Global) -> Result<(), Failure> {
        let author = global.actor();
        match self {
            Self::List => list(ctx, global).await,
            Self::Create { name, kpi, from, to, amount, levels } => {
                let new = NewTarget { name, kpi, from, to, amount, levels }.read()?;
                let target = targets::add(ctx, new, &author).await?;
                show(&board_of(ctx, &target.id.to_string()).await?, global)
            }
            Self::Show { target } => show(&board_of(ctx, &target).await?, global),
            Self::Set { target, amount, part, floor, cap, locked, asked } => {
                let set = part.map(|part| Set { path: path(Some(&part)), floor, cap, locked, asked });
                targets::change(ctx, &target, None, amount, &set.into_iter().collect::<Vec<_>>(), &author).await?;
                show(&board_of(ctx, &target).await?, global)
            }
            Self::Sheet { target, file } => {
                let is_csv = file.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
                let format = if is_csv { exports::Format::Csv } else { exports::Format::Xlsx };
                let board = board_of(ctx, &target).await?;
                let bytes = crate::targets::table(&board, format, matches!(global.lang(), Lang::Zh))?;
                Ok(std::fs::write(&file, bytes)?)
            }
            Self::Read { target, file } => {
                let (version, sets) = targets::sets(ctx, &target, file_at(&file)).await?;
                targets::change(ctx, &target, Some(version), None, &sets, &author).await?;
                show(&board_of(ctx, &target).await?, global)
            }
            Self::Accounts { target, part, limit, save } => {
                accounts(ctx, global, &target, &path(part.as_deref()), limit, save.as_deref()).await
            }
            Self::Remove { target } => {
                targets::remove(ctx, &target).await?;
                list(ctx, global).await
            }
        }
    }
}

async fn list(ctx: &zhike_engine::Ctx, global: &Global) -> Result<(), Failure> {
    let all = target_list(ctx).await?;
    if global.format == Format::Json {
        return print_json(&all);
    }
    let rows = all.items.into_iter().map(|one| {
        let levels = one.levels.join(" / ");
        [one.target_id, one.name, one.kpi, one.from, one.to, one.amount.to_string(), levels, one.n_parts.to_string()]
    });
    Ok(print_rows(global.format, ["id", "name", "kpi", "from", "to", "amount", "levels", "parts"], rows)?)
}

fn show(board: &TargetBoard, global: &Global) -> Result<(), Failure> {
    if global.format == Format::Json {
        return print_json(board);
    }
    let is_zh = matches!(global.lang(), Lang::Zh);
    let whole = if is_zh { "全部" } else { "all" };
    let number = |number: Option<f64>| number.map_or_else(|| "--".to_owned(), |number| format!("{number:.2}"));
    let rows = board.parts.iter().map(|part| {
        let value = |value: &String| if value.is_empty() { "-".to_owned() } else { value.clone() };
        let path: Vec<String> = part.path.iter().map(value).collect();
        let bound = |word: &str, number: Option<f64>| number.map(|number| format!("{word}{number}"));
        let bounds = [bound("≥", part.floor), bound("≤", part.cap), bound("=", part.locked)];
        [
            if path.is_empty() { whole.to_owned() } else { path.join("/") },
            number(Some(part.amount)),
            number(Some(part.expected)),
            format!("{:.2}", part.headroom),
            number(part.asked_below),
            bounds.into_iter().flatten().collect::<Vec<_>>().join(" "),
            number(part.actual),
            number(Some(part.due)),
            number(part.outlook),
        ]
    });
    let header = ["part", "amount", "expected", "headroom", "asked", "bounds", "actual", "due", "outlook"];
    print_rows(global.format, header, rows)?;
    if global.format == Format::Table {
        writeln!(std::io::stdout(), "{}", if is_zh { &board.meaning_zh } else { &board.meaning })?;
    }
    Ok(())
}

async fn accounts(
    ctx: &zhike_engine::Ctx,
    global: &Global,
    target: &str,
    path: &[String],
    limit: usize,
    save: Option<&str>,
) -> Result<(), Failure> {
    let is_zh = matches!(global.lang(), Lang::Zh);
    if let Some(name) = save {
        return kept(global, &targets::save(ctx, target, path, limit, name).await?);
    }
    let found = accounts_of(ctx, target, path, Some(limit)).await?;
    if global.format == Format::Json {
        return print_json(&found);
    }
    let rows = found.items.into_iter().map(|one| {
        let numbers = [Some(one.amount), one.actual, Some(one.gap), Some(one.last), Some(one.before)];
        let [amount, actual, gap, last, before] =
            numbers.map(|number| number.map_or_else(|| "--".to_owned(), |number| format!("{number:.2}")));
        [one.profile_id, one.customer.name.unwrap_or_default(), amount, actual, gap, last, before, one.because]
    });
    let header = ["profile_id", "name", "amount", "actual", "gap", "last", "before", "because"];
    print_rows(global.format, header, rows)?;
    if global.format == Format::Table {
        let (total, behind, new) = (told(found.total), told(found.n_behind), found.amount_of_new);
        let line = match is_zh {
            true => format!("共 {total} 位客户，{behind} 位未达进度；另有 {new:.2} 来自新客户。"),
            false => format!("{total} customers, {behind} behind; {new:.2} more from customers not known yet."),
        };
        writeln!(std::io::stdout(), "{line}")?;
    }
    Ok(())
}
