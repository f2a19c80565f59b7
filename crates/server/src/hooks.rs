//! Sends notices of incidents, while a server runs. What is due and what is said: `zhike_engine::hooks`.

use std::time::Duration;

use futures::StreamExt;
use tokio::sync::watch::Receiver;
use zhike_engine::hooks::{self, Notice, Sent};
use zhike_engine::{Ctx, Result};

use crate::outbound::{Outbound, Sent as Outgoing, Trouble};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// A host that does not answer holds up no other.
const AT_ONCE: usize = 8;

/// Runs until told to stop.
pub(crate) async fn run(ctx: Ctx, outbound: Outbound, mut stopping: Receiver<bool>) {
    let mut told: Option<String> = None;
    loop {
        let done = async { deliver(&ctx, &outbound, hooks::due(&ctx).await?).await };
        tokio::select! {
            done = done => {
                let trouble = done.err().map(|error| error.to_string());
                if let Some(trouble) = trouble.as_ref().filter(|trouble| told.as_ref() != Some(*trouble)) {
                    tracing::error!(cause = %trouble, "notices of incidents failed; they go on");
                }
                told = trouble;
            }
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// Sends notices and notes what came of each.
pub(crate) async fn deliver(ctx: &Ctx, outbound: &Outbound, notices: Vec<Notice>) -> Result<()> {
    let sent = futures::stream::iter(notices).map(|notice| async move {
        let sent = send(outbound, &notice).await;
        hooks::note(ctx, &notice, sent).await
    });
    sent.buffer_unordered(AT_ONCE).fold(Ok(()), |all, one| async move { all.and(one) }).await
}

async fn send(outbound: &Outbound, notice: &Notice) -> Sent {
    let Ok(target) = outbound.target(notice.url.expose(), None) else { return Sent::Refused };
    let post = Outgoing::post("application/json", notice.body.clone()).with("x-zhike-signature", &*notice.signature);
    match outbound.send(&target, post).await {
        Ok(answer) if (200..300).contains(&answer.status) => Sent::Delivered,
        Ok(answer) => Sent::Status(answer.status),
        Err(Trouble::Refused(_)) => Sent::Refused,
        Err(trouble) => {
            // The address may be a secret; its host is in no log either.
            tracing::warn!(cause = %trouble, "a notice of an incident did not arrive");
            Sent::Unreachable
        }
    }
}
