//! What was used of budgets, by day: what was taken in advance counts as used (INV-GUARD-2).

use crate::boxed;
use crate::db::Put;
use crate::error::Result;
use crate::open::Store;

impl Store {
    /// Takes so much of a day's budget if all of it is left below `limit`; says whether.
    #[boxed]
    pub async fn take_budget(&self, day: i64, owner: &str, meter: &str, n: i64, limit: i64) -> Result<bool> {
        let mut tx = self.data.begin("take_budget", format!("budget {meter}")).await?;
        tx.run(
            "INSERT INTO budget_uses (day, owner, meter, used) VALUES ($1, $2, $3, 0) \
             ON CONFLICT (day, owner, meter) DO NOTHING",
            &[day.arg(), owner.arg(), meter.arg()],
        )
        .await?;
        let n = tx
            .run(
                "UPDATE budget_uses SET used = used + $4 WHERE day = $1 AND owner = $2 AND meter = $3 \
                 AND used + $4 <= $5",
                &[day.arg(), owner.arg(), meter.arg(), n.arg(), limit.arg()],
            )
            .await?;
        // Days that are long over say nothing any more.
        tx.run("DELETE FROM budget_uses WHERE day < $1", &[(day - 60).arg()]).await?;
        tx.commit().await?;
        Ok(n > 0)
    }

    /// What was used on a day: (owner, meter, how much).
    #[boxed]
    pub async fn budget_uses(&self, day: i64) -> Result<Vec<(String, String, i64)>> {
        self.data
            .read("budget_uses", "budgets")
            .all("SELECT owner, meter, used FROM budget_uses WHERE day = $1 ORDER BY owner, meter", &[day.arg()])
            .await
    }
}
