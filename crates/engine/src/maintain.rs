//! Housekeeping of the lake between loads: many small files become few large ones, replaced files go.

use std::time::Duration;

use zhike_domain::tables::{Home, TABLES};
use zhike_lake::Publication;

use crate::{Ctx, Result};

/// How long a file that was replaced stays on disk for those who still read an earlier version.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// Compacts every table that has gathered many small files, and removes files that nobody has seen for a week. The caller
/// holds the write lock.
///
/// A process that dies in between leaves files that no log names; they go with the replaced ones.
///
/// **Errors**: when files cannot be read, written or removed.
pub(crate) async fn tidy(ctx: &Ctx) -> Result<()> {
    for spec in TABLES.iter().filter(|spec| matches!(spec.home, Home::Lake { .. })) {
        loop {
            let batch_id = ctx.vault().random_id();
            let Some((add, remove)) = ctx.lake().stage_compacted(spec.name, batch_id).await? else { break };
            tracing::info!(table = spec.name, n_before = remove.len(), n_after = add.len(), "compacting");
            let mut publication = Publication::default();
            publication.change(spec.name, add, remove);
            ctx.step("tidy.staged")?;
            ctx.lake().publish(batch_id, &publication).await?;
            ctx.step("tidy.published")?;
        }
        ctx.lake().remove_unseen(spec.name, KEPT).await?;
    }
    Ok(())
}
