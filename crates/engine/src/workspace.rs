//! The settings of a data directory that numbers depend on.

use crate::boxed;
use serde::{Deserialize, Serialize};

use crate::{Ctx, Error, Result};

const KEY: &str = "workspace";

/// Settings of the workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workspace {
    /// Name shown in titles.
    pub name: String,
    /// Three letters; money in other currencies is converted to it.
    pub currency: String,
    /// IANA time zone of calendar days.
    pub zone: String,
}

impl Default for Workspace {
    fn default() -> Self {
        Self { name: "Zhike".into(), currency: "CNY".into(), zone: "Asia/Shanghai".into() }
    }
}

impl Workspace {
    /// Checks zone and currency.
    ///
    /// **Errors**: `bad_request`, naming the setting.
    pub fn validate(&self) -> Result<()> {
        if jiff::tz::TimeZone::get(&self.zone).is_err() {
            return Err(Error::bad_request(
                format!("unknown time zone {:?}: use an IANA name such as Asia/Shanghai", self.zone),
                format!("不认识的时区 {:?}：请用 IANA 名称，例如 Asia/Shanghai", self.zone),
            ));
        }
        if self.currency.len() != 3 || !self.currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(Error::bad_request(
                format!("unknown currency {:?}: use three letters such as CNY", self.currency),
                format!("不认识的币种 {:?}：请用三个大写字母，例如 CNY", self.currency),
            ));
        }
        Ok(())
    }

    /// The zone; UTC should it have become unknown.
    pub fn time_zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.zone).unwrap_or(jiff::tz::TimeZone::UTC)
    }

    /// The instant at which a calendar day (days since 1970) starts.
    pub fn day_start(&self, day: i64) -> i64 {
        let Some(date) = date_of(day) else { return day.saturating_mul(86_400_000_000) };
        date.to_zoned(self.time_zone())
            .map_or(day.saturating_mul(86_400_000_000), |zoned| zoned.timestamp().as_microsecond())
    }

    /// The calendar day (days since 1970) of an instant.
    pub fn day_of(&self, us: i64) -> i64 {
        let Ok(timestamp) = jiff::Timestamp::from_microsecond(us) else { return us.div_euclid(86_400_000_000) };
        day_number(timestamp.to_zoned(self.time_zone()).date())
    }
}

impl Workspace {
    /// The calendar month of an instant: `2011-03`.
    pub fn month_of(&self, us: i64) -> String {
        let date = date_of(self.day_of(us)).unwrap_or_default();
        format!("{:04}-{:02}", date.year(), date.month())
    }
}

/// Days since 1970 of a date.
pub fn day_number(date: jiff::civil::Date) -> i64 {
    jiff::civil::date(1970, 1, 1).until(date).map_or(0, |span| i64::from(span.get_days()))
}

/// The date of a number of days since 1970.
pub fn date_of(day: i64) -> Option<jiff::civil::Date> {
    jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(day).ok()?).ok()
}

/// Reads the settings; the defaults when none were ever stored.
pub(crate) async fn load(store: &zhike_state::Store) -> Result<Workspace> {
    match store.get_meta(KEY).await? {
        Some(json) => serde_json::from_str(&json).map_err(|error| Error::bug("workspace settings", error)),
        None => Ok(Workspace::default()),
    }
}

/// Stores the settings. Currency and zone cannot change once orders are there: their numbers would be wrong.
///
/// **Errors**: `bad_request` for unknown values, `conflict` when orders depend on the old ones.
#[boxed]
pub async fn set(ctx: &Ctx, workspace: Workspace) -> Result<()> {
    workspace.validate()?;
    let old = ctx.workspace();
    let has_orders = ctx.lake().n_rows("orders").await? > 0;
    if has_orders && (old.currency != workspace.currency || old.zone != workspace.zone) {
        return Err(Error::conflict(
            "currency and time zone cannot change once orders are loaded: use a new data directory".into(),
            "已有订单后不能再改币种和时区：请换一个新的数据目录".into(),
        ));
    }
    let json = serde_json::to_string(&workspace).map_err(|error| Error::bug("workspace settings", error))?;
    ctx.store().set_meta(KEY, &json).await?;
    ctx.set_workspace(workspace);
    Ok(())
}
