//! Sends notices of incidents and alerts, while a server runs: to addresses, and alerts by mail. What is due and what is
//! said: `zhike_engine::hooks`, `zhike_engine::alerts::mail`.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::watch::Receiver;
use tokio::time::MissedTickBehavior;
use zhike_engine::alerts::mail::{self, Mail};
use zhike_engine::hooks::{self, Notice, Sent, Topic};
use zhike_engine::{Ctx, Result};

use crate::outbound::{Outbound, Sent as Outgoing, Trouble};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// Trials of addresses at a time.
const AT_ONCE: usize = 8;

/// Runs until told to stop. `base` is how browsers reach the console.
pub(crate) async fn run(ctx: Ctx, outbound: Outbound, base: Option<String>, stopping: Receiver<bool>) {
    // Alerts may be many and a mail host may take a minute: no incident waits for either.
    tokio::join!(
        tell(&ctx, &outbound, Topic::Incidents, stopping.clone()),
        tell(&ctx, &outbound, Topic::Alerts, stopping.clone()),
        write(&ctx, &outbound, base.as_deref(), stopping),
    );
}

/// What keeps notices from being sent, logged once.
#[derive(Default)]
struct Told(Option<String>);

impl Told {
    fn note(&mut self, done: Result<()>) {
        let trouble = done.err().map(|error| error.to_string());
        if let Some(trouble) = trouble.as_ref().filter(|trouble| self.0.as_ref() != Some(*trouble)) {
            tracing::error!(cause = %trouble, "notices failed; they go on");
        }
        self.0 = trouble;
    }
}

/// Sends what is due of a topic, again and again, to each address in its own time: one that hangs holds up no other.
async fn tell(ctx: &Ctx, outbound: &Outbound, topic: Topic, mut stopping: Receiver<bool>) {
    let mut told = Told::default();
    let mut busy: BTreeSet<String> = BTreeSet::new();
    let mut sending: FuturesUnordered<BoxFuture<'_, (String, Result<()>)>> = FuturesUnordered::new();
    let mut looks = tokio::time::interval(EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let is_time = tokio::select! {
            _ = looks.tick() => true,
            Some((hook, done)) = sending.next() => {
                busy.remove(&hook);
                told.note(done);
                false
            }
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        if !is_time {
            continue;
        }
        match hooks::due(ctx, topic).await {
            Ok(all) => {
                for notices in all {
                    let hook = notices.first().map(|notice| notice.hook.clone()).unwrap_or_default();
                    if busy.insert(hook.clone()) {
                        sending.push(Box::pin(async move { (hook, in_turn(ctx, outbound, &notices).await) }));
                    }
                }
            }
            Err(error) => told.note(Err(error)),
        }
    }
}

/// Sends notices to one address and notes what came of each; where there is no answer, the rest waits for a later look.
async fn in_turn(ctx: &Ctx, outbound: &Outbound, notices: &[Notice]) -> Result<()> {
    for notice in notices {
        if !hooks::claim(ctx, notice).await? {
            continue;
        }
        let sent = send(outbound, notice).await;
        hooks::note(ctx, notice, sent).await?;
        if sent == Sent::Unreachable {
            break;
        }
    }
    Ok(())
}

/// Sends mail that is due, again and again.
async fn write(ctx: &Ctx, outbound: &Outbound, base: Option<&str>, mut stopping: Receiver<bool>) {
    let mut told = Told::default();
    loop {
        tokio::select! {
            done = next_mail(ctx, outbound, base) => told.note(done),
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

async fn next_mail(ctx: &Ctx, outbound: &Outbound, base: Option<&str>) -> Result<()> {
    let Some(mail) = mail::due(ctx, base).await? else { return Ok(()) };
    if mail::claim(ctx, &mail).await? {
        post(ctx, outbound, &mail).await?;
    }
    Ok(())
}

/// Sends trials and notes what came of each.
pub(crate) async fn deliver(ctx: &Ctx, outbound: &Outbound, notices: Vec<Notice>) -> Result<()> {
    let sent = futures::stream::iter(notices).map(|notice| async move {
        let sent = send(outbound, &notice).await;
        hooks::note(ctx, &notice, sent).await
    });
    sent.buffer_unordered(AT_ONCE).fold(Ok(()), |all, one| async move { all.and(one) }).await
}

/// Sends a mail and notes what came of it for each recipient; says why there was no answer.
pub(crate) async fn post(ctx: &Ctx, outbound: &Outbound, mail: &Mail) -> Result<Option<Trouble>> {
    let (sent, trouble) = match outbound.mail(mail).await {
        Ok(codes) => (codes.into_iter().map(answered).collect(), None),
        Err(trouble) => (vec![unsent(&trouble); mail.to.len()], Some(trouble)),
    };
    mail::note(ctx, mail, &sent).await?;
    Ok(trouble)
}

async fn send(outbound: &Outbound, notice: &Notice) -> Sent {
    let Ok(target) = outbound.target(notice.url.expose()) else { return Sent::Refused };
    let post = Outgoing::post("application/json", notice.body.clone()).with("x-zhike-signature", &*notice.signature);
    match outbound.send(&target, post).await {
        Ok(answer) => answered(answer.status),
        Err(trouble) => unsent(&trouble),
    }
}

fn answered(status: u16) -> Sent {
    if (200..300).contains(&status) { Sent::Delivered } else { Sent::Status(status) }
}

fn unsent(trouble: &Trouble) -> Sent {
    if matches!(trouble, Trouble::Refused(_)) {
        return Sent::Refused;
    }
    // The address may be a secret; its host is in no log either, and causes name none (`outbound`).
    tracing::warn!(cause = %trouble, "a notice did not arrive");
    Sent::Unreachable
}
