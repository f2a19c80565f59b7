//! Targets: a number that a figure shall come to, split to parts of the business by what can be expected of them.
//!
//! Owns what is expected of each part and why, bounds and wishes set by hand, how far each part has come, and the accounts
//! to work on. How amounts are split so that they add up, and figures made to agree, is `zhike_ml::targets`'s.
//!
//! - INV-TARGET-1 (`tests/it/targets.rs`): the parts of every level add up to the level above, to the cent, within their
//!   bounds; what has come in adds up likewise, and the whole is the figure's own number.
//! - INV-TARGET-2 (`tests/it/targets.rs`): a split does not change with what happened after the day before it begins.
//! - INV-TARGET-3 (`tests/it/targets.rs`): whoever refused profiling is no account.

use crate::boxed;
use serde::{Deserialize, Serialize};
use zhike_domain::detect::mask_text;
use zhike_domain::id::TargetId;
use zhike_domain::kpi::{Dimension, Kpi, Of};
use zhike_state::TargetRow;

use crate::kpis::{self, get as figure};
use crate::{Ctx, Error, Result};

mod accounts;
mod board;
mod expect;
mod facts;
mod share;
mod sheet;
mod words;

pub use accounts::{Account, Accounts, Because, accounts, save};
pub use board::{Board, PartState, board};
pub use expect::Basis;
pub use sheet::{COLUMNS, MISSING, WHOLE, sets};
pub use words::meaning;

/// Levels at most.
const MAX_LEVELS: usize = 3;
/// Parts at most, over all levels.
const MAX_PARTS: usize = 2_000;
/// Days of a target at most.
const MAX_DAYS: i64 = 370;
/// Targets at most.
const MAX_TARGETS: usize = 200;
/// Longest name, in characters.
const MAX_CHARS: usize = 60;
/// Dimensions that a target can be split by.
pub const LEVELS: [Dimension; 7] = [
    Dimension::Channel,
    Dimension::Store,
    Dimension::Source,
    Dimension::Province,
    Dimension::City,
    Dimension::MemberLevel,
    Dimension::AcquisitionChannel,
];

/// What is wanted.
#[derive(Clone, Debug)]
pub struct New {
    /// Name.
    pub name: String,
    /// Figure, by key.
    pub kpi: String,
    /// First and last day.
    pub days: (i64, i64),
    /// The number, in the unit of the figure.
    pub amount: f64,
    /// What it is split by, the coarsest first.
    pub levels: Vec<Dimension>,
}

/// A part of the business and what it shall bring. **Units**: those of the figure's sums: hundredths of money, orders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Values of the levels from the top; empty for the whole; an empty value for what has none.
    pub path: Vec<String>,
    /// What can be expected of it without anybody doing anything about it.
    pub expected: i64,
    /// How much more it could bring if its customers bought as those of its better neighbours do: 1 and above.
    pub headroom: f64,
    /// Customers who bought there in the year before.
    pub n_people: u64,
    /// Least, by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<i64>,
    /// Most, by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<i64>,
    /// Exactly this, by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<i64>,
    /// What those responsible say they can bring; takes the place of expectation and headroom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<i64>,
    /// What it shall bring.
    pub amount: i64,
}

/// What is kept of a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    kpi: String,
    from: i64,
    to: i64,
    levels: Vec<String>,
    basis: Basis,
    /// First days of weeks, cut to the days of the target, and the share of the whole expected in each; they add up to 1.
    season: Vec<(i64, f64)>,
    /// The whole first, parts before what they are split to.
    parts: Vec<Part>,
}

/// A target.
#[derive(Clone, Debug)]
pub struct Target {
    /// Id.
    pub id: TargetId,
    /// Name.
    pub name: String,
    /// Version, from 1.
    pub version: i64,
    /// Figure.
    pub kpi: &'static Kpi,
    /// First and last day.
    pub days: (i64, i64),
    /// What it is split by.
    pub levels: Vec<Dimension>,
    /// How what is expected was told.
    pub basis: Basis,
    /// The whole first, parts before what they are split to.
    pub parts: Vec<Part>,
    /// Who changed it last.
    pub author: String,
    /// When, in microseconds.
    pub set_at: i64,
    season: Vec<(i64, f64)>,
}

/// What somebody sets of one part; `None` leaves it to the split.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Set {
    /// Which part.
    pub path: Vec<String>,
    /// Least.
    pub floor: Option<f64>,
    /// Most.
    pub cap: Option<f64>,
    /// Exactly this.
    pub locked: Option<f64>,
    /// What those responsible say they can bring.
    pub asked: Option<f64>,
}

impl Target {
    /// How many of the units of sums make one of the figure.
    pub fn scale(&self) -> f64 {
        scale(self.kpi)
    }

    /// What the whole shall come to.
    pub fn amount(&self) -> i64 {
        self.parts.first().map_or(0, |whole| whole.amount)
    }

    fn plan(&self) -> Plan {
        Plan {
            kpi: self.kpi.key.clone(),
            from: self.days.0,
            to: self.days.1,
            levels: self.levels.iter().map(|level| level.as_str().to_owned()).collect(),
            basis: self.basis.clone(),
            season: self.season.clone(),
            parts: self.parts.clone(),
        }
    }

    fn row(&self) -> Result<TargetRow> {
        Ok(TargetRow {
            target_id: self.id.get(),
            name: self.name.clone(),
            version: self.version,
            plan_json: serde_json::to_string(&self.plan()).map_err(|error| Error::bug("a target", error))?,
            author: self.author.clone(),
            set_at: self.set_at,
        })
    }
}

fn scale(kpi: &Kpi) -> f64 {
    kpi.measures().map_or(1.0, |(part, _)| part.take.scale() as f64)
}

/// Figures that targets can be of: sums of orders that add up over days and parts, of which more is good.
pub fn figures() -> impl Iterator<Item = &'static Kpi> {
    zhike_domain::kpi::kpis().iter().filter(|kpi| is_figure(kpi))
}

fn is_figure(kpi: &Kpi) -> bool {
    let is_sum = kpi.measures().is_some_and(|(part, whole)| {
        part.of == Of::Orders && whole.is_none() && LEVELS.iter().all(|level| part.parts_add_up(*level))
    });
    let is_more_good = kpi.better == zhike_domain::kpi::Better::More;
    is_sum && is_more_good && kpi.adds_up && kpi.is_listed && kpi.split_by.is_none()
}

fn target(row: TargetRow) -> Result<Target> {
    let plan: Plan = serde_json::from_str(&row.plan_json).map_err(|error| Error::bug("a stored target", error))?;
    Ok(Target {
        id: TargetId::new(row.target_id),
        name: row.name,
        version: row.version,
        kpi: figure(&plan.kpi)?,
        days: (plan.from, plan.to),
        levels: plan.levels.iter().filter_map(|level| Dimension::named(level)).collect(),
        basis: plan.basis,
        parts: plan.parts,
        author: row.author,
        set_at: row.set_at,
        season: plan.season,
    })
}

/// All targets, the newest change first. They are about all customers: whoever sees some has none.
#[boxed]
pub async fn list(ctx: &Ctx) -> Result<Vec<Target>> {
    if ctx.scope().is_some() {
        return Ok(Vec::new());
    }
    ctx.store().targets().await?.into_iter().map(target).collect()
}

/// A target, by id or name.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn get(ctx: &Ctx, id_or_name: &str) -> Result<Target> {
    let all = if ctx.scope().is_some() { Vec::new() } else { ctx.store().targets().await? };
    let is_it = |row: &TargetRow| row.name == id_or_name || TargetId::new(row.target_id).to_string() == id_or_name;
    target(all.into_iter().find(is_it).ok_or_else(|| Error::not_found("target", "目标"))?)
}

/// Splits a number by what can be expected of each part, and keeps it.
///
/// **Errors**: `bad_request` that says what is wrong with what is wanted; `conflict` when the name is taken or there are too
/// many targets.
#[boxed]
pub async fn add(ctx: &Ctx, new: New, author: &str) -> Result<Target> {
    let kpi = checked(&new)?;
    let all = list(ctx).await?;
    if all.len() >= MAX_TARGETS {
        return Err(Error::conflict(
            format!("there are {MAX_TARGETS} targets already: remove some first"),
            format!("已有 {MAX_TARGETS} 个目标：请先删除一些"),
        ));
    }
    let name = new.name.trim().to_owned();
    if all.iter().any(|one| one.name == name) {
        return Err(Error::conflict(
            format!("there is a target named {name:?} already: choose another name"),
            format!("已有名为“{name}”的目标：请换一个名称"),
        ));
    }
    let amount = units(new.amount, kpi)?;
    let mut target = Target {
        id: TargetId::new(ctx.vault().random_id()),
        name,
        version: 1,
        kpi,
        days: new.days,
        levels: new.levels,
        basis: Basis::default(),
        parts: Vec::new(),
        author: author.to_owned(),
        set_at: ctx.now(),
        season: Vec::new(),
    };
    expect::fill(ctx, &mut target).await?;
    share::share(&mut target, amount)?;
    ctx.store().add_target(target.row()?).await?;
    Ok(target)
}

/// Sets bounds and wishes of parts and splits again; with an amount, that one. What is expected stays as it was told.
///
/// **Errors**: `not_found`; `conflict` when somebody else changed it meanwhile; `bad_request` when bounds leave no split, or
/// name a part that there is not.
#[boxed]
pub async fn change(
    ctx: &Ctx,
    id_or_name: &str,
    expected: Option<i64>,
    amount: Option<f64>,
    sets: &[Set],
    author: &str,
) -> Result<Target> {
    let mut target = get(ctx, id_or_name).await?;
    if expected.is_some_and(|expected| expected != target.version) {
        return Err(changed());
    }
    let amount = amount.map_or(Ok(target.amount()), |amount| units(amount, target.kpi))?;
    for set in sets {
        if set.path.is_empty() {
            return Err(Error::bad_request(
                "the whole has its amount and no bounds: name a part".into(),
                "总目标只有数值，不设上下限、锁定和上报：请指定某一部分".into(),
            ));
        }
        let kpi = target.kpi;
        let part = target.parts.iter_mut().find(|part| part.path == set.path).ok_or_else(|| {
            let path = set.path.join(" / ");
            Error::bad_request(
                format!("the target has no part {path:?}: take the names from its list of parts"),
                format!("目标中没有“{path}”这一部分：请使用列表中的名称"),
            )
        })?;
        let unit = |number: Option<f64>| number.map(|number| units(number, kpi)).transpose();
        let (floor, cap, locked, asked) = (unit(set.floor)?, unit(set.cap)?, unit(set.locked)?, unit(set.asked)?);
        *part = Part { floor, cap, locked, asked, ..part.clone() };
    }
    share::share(&mut target, amount)?;
    target.version += 1;
    author.clone_into(&mut target.author);
    target.set_at = ctx.now();
    if !ctx.store().set_target(target.row()?).await? {
        return Err(changed());
    }
    Ok(target)
}

/// Forgets a target.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn remove(ctx: &Ctx, id_or_name: &str) -> Result<()> {
    let target = get(ctx, id_or_name).await?;
    if ctx.store().remove_target(target.id.get()).await? {
        return Ok(());
    }
    Err(Error::not_found("target", "目标"))
}

fn changed() -> Error {
    Error::conflict(
        "somebody else changed the target meanwhile: look at it again".into(),
        "目标刚被别人修改过：请刷新后再改".into(),
    )
}

/// A number of the figure in the unit of its sums.
fn units(number: f64, kpi: &Kpi) -> Result<i64> {
    let units = (number * scale(kpi)).round();
    if !units.is_finite() || units < 0.0 || units > zhike_ml::targets::MAX_AMOUNT as f64 {
        let most = zhike_ml::targets::MAX_AMOUNT / scale(kpi) as i64;
        return Err(Error::bad_request(
            format!("{number} is no amount of a target: it must be between 0 and {most}"),
            format!("{number} 不能作为目标数值：应在 0 到 {most} 之间"),
        ));
    }
    Ok(units as i64)
}

fn checked(new: &New) -> Result<&'static Kpi> {
    let name = new.name.trim();
    if name.is_empty()
        || name.chars().count() > MAX_CHARS
        || name.contains(char::is_control)
        || mask_text(name).is_some()
    {
        return Err(Error::bad_request(
            format!("a target needs a name of 1 to {MAX_CHARS} characters, without personal data"),
            format!("目标需要 1 到 {MAX_CHARS} 个字的名称，不含个人信息"),
        ));
    }
    let kpi = kpis::get(&new.kpi)?;
    if !is_figure(kpi) {
        let known: Vec<&str> = figures().map(|kpi| kpi.key.as_str()).collect();
        let known = known.join(", ");
        return Err(Error::bad_request(
            format!("{} cannot be split to parts: choose one of {known}", kpi.key),
            format!("指标 {} 不能拆分：可用的有 {known}", kpi.key),
        ));
    }
    let (from, to) = new.days;
    if from > to || to - from >= MAX_DAYS {
        return Err(Error::bad_request(
            format!("the first day of a target must not be after the last, and at most {MAX_DAYS} days before it"),
            format!("目标的开始日期不能晚于结束日期，跨度不超过 {MAX_DAYS} 天"),
        ));
    }
    let mut levels = new.levels.clone();
    levels.sort_unstable();
    levels.dedup();
    let are_known = new.levels.iter().all(|level| LEVELS.contains(level));
    if levels.is_empty() || levels.len() != new.levels.len() || levels.len() > MAX_LEVELS || !are_known {
        let known = LEVELS.map(Dimension::as_str).join(", ");
        return Err(Error::bad_request(
            format!("a target is split by 1 to {MAX_LEVELS} different levels out of {known}"),
            format!("目标按 1 到 {MAX_LEVELS} 个不同的层级拆分，可用的有 {known}"),
        ));
    }
    Ok(kpi)
}
