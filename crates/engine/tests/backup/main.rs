//! Backups of real data directories, and directories made from them.
#![expect(clippy::print_stdout, reason = "tests say what they skip")]

#[path = "../it/support.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use zhike_domain::collect::message::{Dialect, Identity, Kind, Message};
use zhike_domain::collect::{Collected, Record};
use zhike_domain::id::ProfileId;
use zhike_domain::import::entity::{Entity, IdentityKind};
use zhike_domain::sensitive::Sensitive;
use zhike_engine::backup::{self, Restored};
use zhike_engine::collect::collect;
use zhike_engine::refresh::{self, RefreshOptions};
use zhike_engine::sources::{self, NewSource};
use zhike_engine::{Clock, Ctx, Error, Options, audit, erasure, ingest, keys, profiles};

use support::{Home, NOW, dump, granted, load, rows};

const HOUR: i64 = 3_600_000_000;
const PHONE: &str = "13957264831";

fn orders(from: usize, n: usize) -> String {
    let mut text = String::from("订单编号,会员号,手机号,下单时间,实付金额\n");
    for order in from..from + n {
        text.push_str(&format!("T{order},M{},{PHONE},2026-01-02 10:00:00,{order}.50\n", order % 7));
    }
    text
}

/// Two loads, scores, and events of which some are in the tables and some only in the log.
async fn busy(ctx: &Ctx, home: &Home) {
    load(ctx, &home.file("orders.csv", orders(0, 40)), Entity::Orders).await.unwrap();
    refresh::refresh(ctx, RefreshOptions::default()).await.unwrap();
    let web = sources::create(ctx, NewSource { name: "web".into(), ..NewSource::default() }).await.unwrap();
    for part in [0..30, 30..50] {
        let messages = part.clone().map(|n| {
            let mut message = Message::new(Dialect::Segment, Kind::Track, format!("e{n}"), NOW);
            message.occurred_at = NOW - HOUR + n;
            message.event = Some("visit".into());
            message.add_identity(Identity::new(IdentityKind::AnonymousId, format!("a{}", n % 9)));
            message
        });
        let records = messages.map(|message| Record { index: 0, project: None, token: None, outcome: Ok(message) });
        let collected = Collected { write_key: None, records: records.collect() };
        assert_eq!(collect(ctx, &web, collected, NOW).await.unwrap().n_accepted, part.clone().count() as u64);
        if part.start == 0 {
            ingest::drain(ctx).await.unwrap();
        }
    }
}

/// All that can be seen, events too.
async fn seen(ctx: &Ctx) -> Vec<String> {
    let mut all = dump(ctx).await;
    all.extend(rows(ctx, "SELECT 'event', event_id, event, occurred_at FROM events ORDER BY 2").await);
    all
}

/// As [`seen`], once the log is taken in.
async fn seen_at_the_end(ctx: &Ctx) -> Vec<String> {
    ingest::drain(ctx).await.unwrap();
    seen(ctx).await
}

fn options(dir: PathBuf, at: i64) -> Options {
    Options { dir, clock: Clock::fixed(at), ..Options::default() }
}

async fn restored(dir: &Path, folder: &Path, keys: &Path, at: Option<i64>) -> Result<Restored, Error> {
    backup::restore(options(dir.to_owned(), NOW + 9 * HOUR), folder, Some(keys), at, "tester").await
}

fn all_files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() { all.extend(all_files(&entry.path())) } else { all.push(entry.path()) }
    }
    all.sort();
    all
}

/// INV-BACKUP-1 and 4; only what changed is stored again, an older moment comes back as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_comes_back_as_it_was() {
    let home = Home::sqlite();
    let (folder, keys) = (home.path().join("backups"), home.path().join("keys-elsewhere"));
    let ctx = home.open().await;
    busy(&ctx, &home).await;
    let first = backup::take(&ctx, &folder, "tester").await.unwrap();
    assert_eq!((first.n_new_files, first.n_new_bytes > 0), (first.backup.n_files, true));
    let before = seen_at_the_end(&ctx).await;
    ctx.close().await;

    let ctx = home.open_as(|options| Options { clock: Clock::fixed(NOW + HOUR), ..options }).await;
    load(&ctx, &home.file("more.csv", orders(40, 25)), Entity::Orders).await.unwrap();
    let second = backup::take(&ctx, &folder, "tester").await.unwrap();
    assert!(second.n_new_files < second.backup.n_files, "{second:?}");
    let again = backup::take(&ctx, &folder, "tester").await.unwrap();
    // Nothing but the state, which tells of the backup itself.
    assert_eq!(again.n_new_files, 1, "{again:?}");
    let after = seen_at_the_end(&ctx).await;
    assert_ne!(before, after);
    let copy = backup::ship_keys(&ctx, &keys, "tester").await.unwrap();
    assert!(copy.n_files >= 4 && copy.n_removed == 0, "{copy:?}");
    let listed = backup::list(&ctx, &folder).await.unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!(listed.last(), Some(&first.backup));
    let checked = backup::check(&ctx, &folder).await.unwrap();
    assert_eq!((checked.n_backups, checked.n_signed, checked.damaged.len()), (3, 3, 0));
    ctx.close().await;

    for (at, expected) in [(None, &after), (Some(NOW + HOUR / 2), &before)] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("data");
        let done = restored(&dir, &folder, &keys, at).await.unwrap();
        assert!(done.n_audit > 0, "{done:?}");
        let ctx = Ctx::open(options(dir, NOW + 9 * HOUR)).await.unwrap();
        assert_eq!(&seen_at_the_end(&ctx).await, expected);
        // It goes on from there.
        load(&ctx, &home.file("later.csv", orders(900, 5)), Entity::Orders).await.unwrap();
        let late = rows(&ctx, "SELECT count(*) FROM orders WHERE order_id LIKE 'T90%'").await;
        assert_eq!(late, ["5"]);
        ctx.close().await;
    }
    let nothing = restored(&home.path().join("none"), &folder, &keys, Some(NOW - HOUR)).await.unwrap_err();
    assert_eq!(nothing.code.as_str(), "not_found");
}

/// A backup that is taken while events arrive holds all that were acknowledged before it began, each once.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_before_a_backup_is_in_it() {
    let home = Home::sqlite();
    let (folder, keys) = (home.path().join("backups"), home.path().join("keys-elsewhere"));
    let ctx = home.open().await;
    let web = sources::create(&ctx, NewSource { name: "web".into(), ..NewSource::default() }).await.unwrap();
    let web = Arc::new(web);
    let (acknowledged, stop) = (Arc::new(std::sync::Mutex::new(Vec::new())), tokio::sync::watch::channel(false));
    let (tell_stop, stopping) = stop;
    let sender = {
        let (ctx, web, acknowledged) = (ctx.clone(), web.clone(), acknowledged.clone());
        tokio::spawn(async move {
            for n in 0.. {
                if *stopping.borrow() {
                    break;
                }
                let mut message = Message::new(Dialect::Segment, Kind::Track, format!("e{n}"), NOW);
                message.event = Some("visit".into());
                message.add_identity(Identity::new(IdentityKind::AnonymousId, format!("a{}", n % 5)));
                let record = Record { index: 0, project: None, token: None, outcome: Ok(message) };
                collect(&ctx, &web, Collected { write_key: None, records: vec![record] }, NOW).await.unwrap();
                acknowledged.lock().unwrap().push(format!("e{n}"));
                if n % 40 == 39 {
                    ingest::drain(&ctx).await.unwrap();
                }
            }
        })
    };
    let mut taken = Vec::new();
    for turn in 0..4 {
        while acknowledged.lock().unwrap().len() < turn * 60 + 30 {
            tokio::task::yield_now().await;
        }
        let before = acknowledged.lock().unwrap().clone();
        taken.push((backup::take(&ctx, &folder.join(turn.to_string()), "tester").await.unwrap(), before));
    }
    tell_stop.send(true).unwrap();
    sender.await.unwrap();
    backup::ship_keys(&ctx, &keys, "tester").await.unwrap();
    for (turn, (_, before)) in taken.into_iter().enumerate() {
        let dir = home.path().join(format!("restored-{turn}"));
        restored(&dir, &folder.join(turn.to_string()), &keys, None).await.unwrap();
        let copy = Ctx::open(options(dir, NOW)).await.unwrap();
        ingest::drain(&copy).await.unwrap();
        let found = rows(&copy, "SELECT event_id FROM events").await;
        let distinct: std::collections::BTreeSet<&String> = found.iter().collect();
        assert_eq!(distinct.len(), found.len(), "an event came twice");
        let missing: Vec<&String> = before.iter().filter(|one| !distinct.contains(one)).collect();
        assert!(missing.is_empty() && !before.is_empty(), "{missing:?} are gone");
        copy.close().await;
    }
}

/// INV-BACKUP-2.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_dies_leaves_the_others() {
    let home = Home::sqlite();
    let folder = home.path().join("backups");
    let ctx = home.open().await;
    busy(&ctx, &home).await;
    let first = backup::take(&ctx, &folder, "tester").await.unwrap();
    for step in ["backup.state", "backup.gathered"] {
        ctx.fail_at(step);
        assert!(backup::take(&ctx, &folder, "tester").await.is_err(), "{step}");
        assert_eq!(backup::list(&ctx, &folder).await.unwrap(), std::slice::from_ref(&first.backup), "{step}");
    }
    // A process that was killed sweeps nothing itself, and one that dies while it stores leaves contents that nobody names.
    std::fs::create_dir_all(home.path().join("data/backup.part/lake")).unwrap();
    std::fs::write(home.path().join("data/backup.part/state.db"), b"half").unwrap();
    std::fs::create_dir_all(folder.join("objects/ab")).unwrap();
    let stray = folder.join("objects/ab/cd");
    std::fs::write(&stray, b"half").unwrap();
    backup::take(&ctx, &folder, "tester").await.unwrap();
    assert!(!home.path().join("data/backup.part").exists());
    let pruned = backup::prune(&ctx, &folder, 1, "tester").await.unwrap();
    assert_eq!(pruned.n_backups, 1);
    assert!(pruned.n_files >= 2 && !stray.exists(), "{pruned:?}");
    assert_eq!(backup::list(&ctx, &folder).await.unwrap().len(), 1);
    assert_eq!(backup::check(&ctx, &folder).await.unwrap().damaged.len(), 0);
    assert_eq!(backup::prune(&ctx, &folder, 0, "tester").await.unwrap_err().code.as_str(), "bad_request");
}

/// INV-BACKUP-3 and 4: one byte changed anywhere is found, and nothing is opened.
#[tokio::test(flavor = "multi_thread")]
async fn damage_is_named_and_nothing_opens() {
    let home = Home::sqlite();
    let (folder, keys) = (home.path().join("backups"), home.path().join("keys-elsewhere"));
    let ctx = home.open().await;
    busy(&ctx, &home).await;
    backup::take(&ctx, &folder, "tester").await.unwrap();
    backup::ship_keys(&ctx, &keys, "tester").await.unwrap();
    let files: Vec<PathBuf> = all_files(&folder).into_iter().filter(|file| !file.ends_with("backup.lock")).collect();
    let is_signature = |file: &Path| file.extension().is_some_and(|ending| ending == "sig");
    assert!(files.len() > 10);
    for (n, file) in files.iter().enumerate() {
        let bytes = std::fs::read(file).unwrap();
        let mut changed = bytes.clone();
        let at = (n * 7919) % bytes.len();
        changed[at] ^= 1 << (n % 8);
        std::fs::write(file, &changed).unwrap();
        let checked = backup::check(&ctx, &folder).await.unwrap();
        assert_eq!(checked.damaged.len(), 1, "byte {at} of {}", file.display());
        // A signature is for others: whoever has the keys restores without.
        if n % 5 == 0 && !is_signature(file) {
            let dir = tempfile::tempdir().unwrap();
            let dir = dir.path().join("data");
            let refused = restored(&dir, &folder, &keys, None).await.unwrap_err();
            assert_eq!(refused.code.as_str(), "damaged", "{refused}");
            let unopened = Ctx::open(options(dir, NOW)).await.err().unwrap();
            assert_eq!(unopened.code.as_str(), "conflict", "{unopened}");
        }
        std::fs::write(file, &bytes).unwrap();
    }
    std::fs::remove_file(files.iter().find(|file| file.to_string_lossy().contains("objects")).unwrap()).unwrap();
    assert_eq!(backup::check(&ctx, &folder).await.unwrap().damaged.len(), 1);
}

/// A backup tells nothing without its keys, and they are not in it.
#[tokio::test(flavor = "multi_thread")]
async fn without_its_keys_a_backup_is_noise() {
    let home = Home::sqlite();
    let (folder, keys) = (home.path().join("backups"), home.path().join("keys-elsewhere"));
    let ctx = home.open().await;
    busy(&ctx, &home).await;
    backup::take(&ctx, &folder, "tester").await.unwrap();
    for file in all_files(&folder) {
        let bytes = std::fs::read(&file).unwrap();
        for plain in [PHONE.as_bytes(), b"SQLite format 3", b"PAR1", b"state.db", b"commitInfo"] {
            assert!(memchr::memmem::find(&bytes, plain).is_none(), "{plain:?} stands in {}", file.display());
        }
    }
    let dir = home.path().join("restored");
    let missing = backup::restore(options(dir.clone(), NOW), &folder, None, None, "tester").await.unwrap_err();
    assert_eq!(missing.code.as_str(), "not_found", "{missing}");

    let other = Home::sqlite();
    let others = other.open().await;
    let foreign = other.path().join("keys");
    backup::ship_keys(&others, &foreign, "tester").await.unwrap();
    let refused = backup::list(&others, &folder).await.unwrap_err();
    assert_eq!(refused.code.as_str(), "damaged", "{refused}");
    std::fs::remove_dir_all(&dir).unwrap();
    let refused = restored(&dir, &folder, &foreign, None).await.unwrap_err();
    assert_eq!(refused.code.as_str(), "damaged", "{refused}");

    // Into a directory that is in use, or with keys over keys, nothing is restored.
    backup::ship_keys(&ctx, &keys, "tester").await.unwrap();
    let full = restored(&home.path().join("data"), &folder, &keys, None).await.unwrap_err();
    assert_eq!(full.code.as_str(), "conflict", "{full}");
    for wrong in [home.path().join("data/keys-copy"), folder.clone()] {
        let refused = backup::ship_keys(&ctx, &wrong, "tester").await.unwrap_err();
        assert_eq!(refused.code.as_str(), "bad_request", "{}", wrong.display());
    }
}

/// The two newest copies of the keys stay; they hold all that a backup needs.
#[tokio::test(flavor = "multi_thread")]
async fn old_copies_of_the_keys_go() {
    let home = Home::sqlite();
    let keys = home.path().join("keys-elsewhere");
    for hour in 0..4 {
        let ctx = home.open_as(|options| Options { clock: Clock::fixed(NOW + hour * HOUR), ..options }).await;
        let copy = backup::ship_keys(&ctx, &keys, "tester").await.unwrap();
        assert_eq!(copy.n_removed, u64::from(hour >= 2), "{copy:?}");
        ctx.close().await;
    }
    let mut names: Vec<_> = std::fs::read_dir(&keys).unwrap().flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    assert_eq!(names, ["keys-20261121T020000Z", "keys-20261121T030000Z"]);
}

/// INV-BACKUP-3: somebody who has the keys changes the audit trail of a backup's state.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_whose_trail_does_not_fit_stays_closed() {
    let home = Home::sqlite();
    let (folder, keys) = (home.path().join("backups"), home.path().join("keys-elsewhere"));
    let ctx = home.open().await;
    load(&ctx, &home.file("orders.csv", orders(0, 5)), Entity::Orders).await.unwrap();
    backup::ship_keys(&ctx, &keys, "tester").await.unwrap();
    let state = home.path().join("data/state.db");
    ctx.close().await;
    let edited = std::process::Command::new("sqlite3")
        .arg(&state)
        .arg("UPDATE audit SET actor = 'somebody else' WHERE seq = 1;")
        .output();
    let Ok(edited) = edited else {
        println!("skipped: there is no sqlite3");
        return;
    };
    assert!(edited.status.success(), "{edited:?}");
    let ctx = home.open().await;
    backup::take(&ctx, &folder, "tester").await.unwrap();
    ctx.close().await;
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("data");
    let error = restored(&dir, &folder, &keys, None).await.unwrap_err();
    assert_eq!(error.code.as_str(), "damaged", "{error}");
    let error = Ctx::open(options(dir, NOW)).await.err().expect("it stays closed");
    assert_eq!(error.code.as_str(), "conflict", "{error}");
}

/// Two at the same moment wait for one another; neither takes what the other gathers.
#[tokio::test(flavor = "multi_thread")]
async fn two_backups_at_once_are_two() {
    let home = Home::sqlite();
    let (one, other) = (home.path().join("one"), home.path().join("other"));
    let ctx = home.open().await;
    busy(&ctx, &home).await;
    let (first, second) = tokio::join!(backup::take(&ctx, &one, "a"), backup::take(&ctx, &other, "b"));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.n_new_files, second.n_new_files), (first.backup.n_files, second.backup.n_files));
    for folder in [&one, &other] {
        let checked = backup::check(&ctx, folder).await.unwrap();
        assert_eq!((checked.n_backups, checked.damaged.len()), (1, 0), "{checked:?}");
    }
    let names = all_files(&home.path().join("data"));
    assert!(names.iter().all(|path| !path.display().to_string().contains("backup.part")), "{names:?}");
    ctx.close().await;
}

/// Who made a backup, and that its list is the one that was signed, is checked without its keys.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_checked_by_the_public_key_alone() {
    let (home, other) = (Home::sqlite(), Home::sqlite());
    let folder = home.path().join("backups");
    let ctx = home.open().await;
    let key = keys::read_public_key(&keys::public_key(&ctx).to_pem()).unwrap();
    let others = keys::public_key(&other.open().await);
    let taken = backup::take(&ctx, &folder, "tester").await.unwrap();
    let signed = |key| backup::check_signatures(&folder, key).unwrap();
    let found = signed(&key);
    assert_eq!((found.len(), &found[0].name, found[0].is_signed), (1, &taken.backup.name, Some(true)));
    assert_eq!((found[0].n_files, found[0].n_bytes), (Some(taken.backup.n_files), Some(taken.backup.n_bytes)));
    assert_eq!(signed(&others)[0].is_signed, Some(false));
    let file = |ending: &str| folder.join("cuts").join(format!("{}{ending}", taken.backup.name));
    for ending in [".sig", ".cut"] {
        let whole = std::fs::read(file(ending)).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            std::fs::write(file(ending), &changed).unwrap();
            let found = signed(&key)[0].is_signed;
            assert!(found != Some(true), "byte {at} of {ending}");
        }
        std::fs::write(file(ending), &whole).unwrap();
    }
    // One of an older release has none.
    std::fs::remove_file(file(".sig")).unwrap();
    assert_eq!(signed(&key)[0].is_signed, None);
    let checked = backup::check(&ctx, &folder).await.unwrap();
    assert_eq!((checked.n_backups, checked.n_signed, checked.damaged.len()), (1, 0, 0));
    assert_eq!(backup::check_signatures(home.path(), &key).unwrap_err().code.as_str(), "not_found");
    ctx.close().await;
}

async fn find(ctx: &Ctx, phone: &str) -> Option<ProfileId> {
    let value = Sensitive::new(phone.to_owned());
    let found = profiles::find(ctx, Some(IdentityKind::Phone), &value).await.unwrap();
    found.first().copied()
}

async fn erase(ctx: &Ctx, phone: &str) {
    let id = granted(ctx, find(ctx, phone).await.unwrap()).await;
    erasure::approve(ctx, id, "officer").await.unwrap();
    assert_eq!(erasure::finish(ctx).await.unwrap().len(), 1);
}

/// State on a server is backed up like files, and either comes back on either: same rows, same trail, the erased stay erased.
#[tokio::test(flavor = "multi_thread")]
async fn state_comes_back_on_files_and_on_a_server_wherever_it_was() {
    for is_server in [true, false] {
        let home = if is_server { Home::postgres() } else { Some(Home::sqlite()) };
        let Some(home) = home else { return };
        let (folder, keys_at) = (home.path().join("backups"), home.path().join("keys-elsewhere"));
        let ctx = home.open().await;
        busy(&ctx, &home).await;
        let people = "会员号,姓名,手机号,地址\nZ1,欧阳昱珩,13957264832,浙江省杭州市\nZ2,顾客甲,13957264833,上海市\n";
        load(&ctx, &home.file("people.csv", people), Entity::Profiles).await.unwrap();
        backup::take(&ctx, &folder, "tester").await.unwrap();
        // Erased after the backup: the copy of the keys knows it.
        erase(&ctx, "13957264832").await;
        let expected = seen_at_the_end(&ctx).await;
        backup::ship_keys(&ctx, &keys_at, "tester").await.unwrap();
        ctx.close().await;

        let server = Home::postgres();
        for url in [None, server.as_ref().and_then(Home::state_url)] {
            if url.is_none() && !is_server || url.is_none() && server.is_none() {
                continue;
            }
            let dir = tempfile::tempdir().unwrap();
            let dir = dir.path().join("data");
            let with = |dir: &Path| Options { state_url: url.clone(), ..options(dir.to_owned(), NOW + 9 * HOUR) };
            let done = backup::restore(with(&dir), &folder, Some(&keys_at), None, "tester").await.unwrap();
            assert!(done.n_audit > 0, "{done:?}");
            assert_eq!(dir.join("state.db").exists(), url.is_none());
            let ctx = Ctx::open(with(&dir)).await.unwrap();
            assert_eq!(seen_at_the_end(&ctx).await, expected);
            assert!(find(&ctx, "13957264832").await.is_none() && find(&ctx, "13957264833").await.is_some());
            assert!(audit::verify(&ctx, None).await.unwrap().is_whole());
            ctx.close().await;
            if url.is_some() {
                let again = tempfile::tempdir().unwrap();
                let again = again.path().join("data");
                let refused = backup::restore(with(&again), &folder, Some(&keys_at), None, "tester").await.unwrap_err();
                assert_eq!(refused.code.as_str(), "conflict", "{refused}");
            }
        }
    }
}

/// One event, as it arrives.
async fn arrives(ctx: &Ctx, web: &sources::Source, id: &str, at: i64) {
    let mut message = Message::new(Dialect::Segment, Kind::Track, id.to_owned(), at);
    message.event = Some("visit".into());
    message.add_identity(Identity::new(IdentityKind::AnonymousId, format!("a-{id}")));
    let record = Record { index: 0, project: None, token: None, outcome: Ok(message) };
    collect(ctx, web, Collected { write_key: None, records: vec![record] }, at).await.unwrap();
}

/// INV-BACKUP-5: what arrived until the moment is there, whether it was taken in before the later backup or not, and nothing
/// after; where keys changed in between, the earlier backup alone, and that is said.
#[tokio::test(flavor = "multi_thread")]
async fn between_two_backups_every_moment_comes_back() {
    const SECOND: i64 = 1_000_000;
    let home = Home::sqlite();
    let (folder, keys_at) = (home.path().join("backups"), home.path().join("keys-elsewhere"));
    let open = async |at: i64| {
        let log = zhike_engine::LogLimits { segment_bytes: 10_000, ..Default::default() };
        home.open_as(|options| Options { clock: Clock::fixed(at), log, ..options }).await
    };
    let ctx = open(NOW).await;
    let web = sources::create(&ctx, NewSource { name: "web".into(), ..NewSource::default() }).await.unwrap();
    for n in 0..10 {
        arrives(&ctx, &web, &format!("before{n}"), NOW - 100 * SECOND + n * SECOND).await;
    }
    let first = backup::take(&ctx, &folder, "tester").await.unwrap().backup;
    ctx.close().await;

    let ctx = open(NOW + HOUR).await;
    for n in 1..=90 {
        arrives(&ctx, &web, &format!("e{n}"), NOW + n * SECOND).await;
        if n % 15 == 0 && n < 80 {
            ingest::drain(&ctx).await.unwrap();
        }
    }
    let past = home.path().join("data/wal-past");
    assert!(all_files(&past).len() > 2, "segments that were taken in are put aside");
    let second = backup::take(&ctx, &folder, "tester").await.unwrap().backup;
    backup::ship_keys(&ctx, &keys_at, "tester").await.unwrap();
    ctx.close().await;

    let back = async |at: i64, keys: &Path| {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("data");
        let done = restored(&dir, &folder, keys, Some(at)).await.unwrap();
        let ctx = Ctx::open(options(dir.clone(), NOW + 9 * HOUR)).await.unwrap();
        ingest::drain(&ctx).await.unwrap();
        let found = rows(&ctx, "SELECT event_id FROM events ORDER BY received_at").await;
        assert!(audit::verify(&ctx, None).await.unwrap().is_whole());
        ctx.close().await;
        assert!(!dir.join("restore.later").exists());
        (done, found)
    };
    for (at, n_after) in [(0, 0), (1, 1), (37, 37), (89, 89), (3_000, 90)] {
        let (done, found) = back(NOW + at * SECOND, &keys_at).await;
        let replayed = done.replayed.unwrap();
        assert_eq!((&done.backup, &replayed.from), (&first, &second.name));
        assert_eq!((replayed.n_requests, replayed.short_of), (n_after, None), "{at}");
        let expected: Vec<String> =
            (0..10).map(|n| format!("before{n}")).chain((1..=n_after).map(|n| format!("e{n}"))).collect();
        assert_eq!(found, expected, "{at}");
    }
    let (done, found) = back(NOW + HOUR, &keys_at).await;
    assert_eq!((done.backup, done.replayed, found.len()), (second.clone(), None, 100));

    // Keys that change make the log before worthless, in every copy.
    let ctx = open(NOW + 2 * HOUR).await;
    arrives(&ctx, &web, "late1", NOW + HOUR + SECOND).await;
    keys::rotate(&ctx, "tester").await.unwrap();
    assert!(all_files(&past).is_empty());
    arrives(&ctx, &web, "late2", NOW + HOUR + 2 * SECOND).await;
    backup::take(&ctx, &folder, "tester").await.unwrap();
    let newer_keys = home.path().join("newer-keys");
    backup::ship_keys(&ctx, &newer_keys, "tester").await.unwrap();
    ctx.close().await;
    let (done, found) = back(NOW + HOUR + HOUR / 2, &newer_keys).await;
    assert_eq!((done.backup, done.replayed.unwrap().short_of), (second, Some(backup::Short::Gap)));
    assert_eq!(found.len(), 100, "what is not joined without a gap is left out");
    let (done, found) = back(NOW + 37 * SECOND, &newer_keys).await;
    assert_eq!((done.replayed.unwrap().short_of, found.len()), (Some(backup::Short::Keys), 10));
}
