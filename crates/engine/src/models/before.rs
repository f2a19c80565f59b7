//! What models look at of some customers as of a day, for models that are learnt elsewhere.

use super::purchases::{Purchases, Waiting};
use super::table::table;
use crate::{Ctx, Result};

/// The most that is waited for anybody, as churn does by default.
const LONGEST: i64 = 90;

/// Numbers of customers as of a day. Whoever refused profiling is not among them, nor who had not bought by then.
pub(crate) struct Before {
    /// Customers, ascending.
    pub(crate) ids: Vec<i64>,
    /// Keys of the columns; those that say the same of everybody are left out.
    pub(crate) keys: Vec<String>,
    /// Row by row; what is missing is not a number.
    pub(crate) values: Vec<f64>,
}

/// Of some customers, ids ascending.
pub(crate) async fn before(ctx: &Ctx, ids: &[i64], day: i64) -> Result<Before> {
    let purchases = Purchases::read(ctx, day).await?;
    let is_asked =
        |who: &usize| ids.binary_search(&purchases.ids[*who]).is_ok() && purchases.habit(*who, day).is_some();
    let who: Vec<usize> = (0..purchases.n()).filter(is_asked).collect();
    let waiting = Waiting { longest: LONGEST, of_all: Some(purchases.mean_gap(day)) };
    let table = table(ctx, &purchases, &who, waiting, day).await?.telling();
    let ids = who.iter().map(|who| purchases.ids[*who]).collect();
    Ok(Before { ids, keys: table.keys, values: table.values })
}
