//! Sends notices of incidents and alerts, while a server runs: to addresses, and alerts by mail. What is due and what is
//! said: `zhike_engine::hooks`, `zhike_engine::alerts::mail`.

use std::time::Duration;

use futures::StreamExt;
use tokio::sync::watch::Receiver;
use zhike_engine::alerts::mail::{self, Mail};
use zhike_engine::hooks::{self, Notice, Sent};
use zhike_engine::{Ctx, Result};

use crate::outbound::{Outbound, Sent as Outgoing, Trouble};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// A host that does not answer holds up no other.
const AT_ONCE: usize = 8;

/// Runs until told to stop. `base` is how browsers reach the console.
pub(crate) async fn run(ctx: Ctx, outbound: Outbound, base: Option<String>, stopping: Receiver<bool>) {
    // A mail host may take a minute; no address waits for it.
    let addresses = again(stopping.clone(), || async { deliver(&ctx, &outbound, hooks::due(&ctx).await?).await });
    let mails = again(stopping, || async {
        match mail::due(&ctx, base.as_deref()).await? {
            Some(mail) => post(&ctx, &outbound, &mail).await.map(drop),
            None => Ok(()),
        }
    });
    tokio::join!(addresses, mails);
}

/// Does something again and again; what keeps it from being done is logged once.
async fn again<W: Future<Output = Result<()>>>(mut stopping: Receiver<bool>, work: impl Fn() -> W) {
    let mut told: Option<String> = None;
    loop {
        tokio::select! {
            done = work() => {
                let trouble = done.err().map(|error| error.to_string());
                if let Some(trouble) = trouble.as_ref().filter(|trouble| told.as_ref() != Some(*trouble)) {
                    tracing::error!(cause = %trouble, "notices failed; they go on");
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

/// Sends a mail and notes what came of it; says why there was no answer.
pub(crate) async fn post(ctx: &Ctx, outbound: &Outbound, mail: &Mail) -> Result<Option<Trouble>> {
    let (sent, trouble) = match outbound.mail(mail).await {
        Ok(code) if (200..300).contains(&code) => (Sent::Delivered, None),
        Ok(code) => (Sent::Status(code), None),
        Err(trouble) => (unsent(&trouble), Some(trouble)),
    };
    mail::note(ctx, mail, sent).await?;
    Ok(trouble)
}

async fn send(outbound: &Outbound, notice: &Notice) -> Sent {
    let Ok(target) = outbound.target(notice.url.expose(), None) else { return Sent::Refused };
    let post = Outgoing::post("application/json", notice.body.clone()).with("x-zhike-signature", &*notice.signature);
    match outbound.send(&target, post).await {
        Ok(answer) if (200..300).contains(&answer.status) => Sent::Delivered,
        Ok(answer) => Sent::Status(answer.status),
        Err(trouble) => unsent(&trouble),
    }
}

fn unsent(trouble: &Trouble) -> Sent {
    if matches!(trouble, Trouble::Refused(_)) {
        return Sent::Refused;
    }
    // The address may be a secret; its host is in no log either.
    tracing::warn!(cause = %trouble, "a notice did not arrive");
    Sent::Unreachable
}
