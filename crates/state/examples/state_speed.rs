//! Prints how fast the store loads and finds identities.
//!
//! `cargo run --release -p zhike-state --example state_speed -- [N_PROFILES] [ordered|random] [postgres://…]`
//!
//! `ordered` gives out ids in the order of (kind, value index), as the documentation of `LoadCommit` recommends.
#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::time::Instant;

use zhike_state::{
    EdgeRow, FieldRow, IdentityKey, IdentityRow, IdentityStatus, IdentityTouch, KeyRow, LoadCommit, NewBatch,
    ProfileRow, ScanTable, StateConfig, Store,
};

const N_IDENTITIES_PER_PROFILE: i64 = 3;
const KINDS: [&str; 3] = ["member_id", "phone", "email"];

/// Ids as random numbers would be: spread over the whole range (SplitMix64).
fn spread(n: i64) -> i64 {
    let mut x = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) & i64::MAX as u64) as i64
}

fn index_of(n: i64) -> [u8; 16] {
    let mut index = [0; 16];
    index[..8].copy_from_slice(&spread(n).to_be_bytes());
    index[8..].copy_from_slice(&spread(n ^ 0x5555).to_be_bytes());
    index
}

fn kind_of(n: i64) -> &'static str {
    KINDS[(n % N_IDENTITIES_PER_PROFILE) as usize]
}

/// Ids of identities `from..to`, spread over the whole range.
fn identity_ids(from: i64, to: i64, is_ordered: bool) -> Vec<i64> {
    let mut ids: Vec<i64> = (from..to).map(|n| spread(n ^ 0x1234_5678_0000)).collect();
    if is_ordered {
        ids.sort_unstable();
        let mut order: Vec<i64> = (from..to).collect();
        order.sort_unstable_by_key(|&n| (kind_of(n), index_of(n)));
        let mut ordered = vec![0; ids.len()];
        for (n, id) in order.into_iter().zip(ids) {
            ordered[(n - from) as usize] = id;
        }
        return ordered;
    }
    ids
}

fn identity(n: i64, ids: &[i64]) -> IdentityRow {
    let profile = spread(n / N_IDENTITIES_PER_PROFILE);
    IdentityRow {
        identity_id: ids[n as usize],
        kind: kind_of(n).to_owned(),
        scope: if n % N_IDENTITIES_PER_PROFILE == 0 { "crm".to_owned() } else { String::new() },
        value_index: index_of(n),
        sealed: vec![n as u8; 44],
        key_profile_id: profile,
        profile_id: profile,
        home_profile_id: profile,
        status: IdentityStatus::Active,
        n_joined: 1,
        first_seen_at: Some(1_700_000_000_000_000),
        last_seen_at: Some(1_700_000_000_000_000 + n),
        source: "crm".to_owned(),
    }
}

fn profile(n: i64) -> ProfileRow {
    ProfileRow {
        profile_id: spread(n),
        kind: "person".to_owned(),
        created_at: 1_700_000_000_000_000,
        first_seen_at: Some(1_700_000_000_000_000),
        last_seen_at: Some(1_700_000_000_000_000 + n),
        gender: Some("female".to_owned()),
        birth_year: Some(1990),
        country: Some("中国".to_owned()),
        province: Some("浙江".to_owned()),
        city: Some("杭州市".to_owned()),
        member_level: None,
        registered_on: Some(19_000),
        acquisition_channel: None,
        traits: None,
        n_identities: N_IDENTITIES_PER_PROFILE,
        merged_into: None,
    }
}

fn empty(batch_id: i64) -> LoadCommit {
    LoadCommit { batch_id, plan_json: "{}".to_owned(), ..LoadCommit::default() }
}

async fn start(store: &Store, batch_id: i64) -> zhike_state::Result<()> {
    let batch = NewBatch {
        batch_id,
        source: "crm".to_owned(),
        entity: "profiles".to_owned(),
        file_name: "customers.csv".to_owned(),
        content_hash: batch_id.to_le_bytes().to_vec(),
        mapping_json: None,
        started_at: batch_id,
    };
    store.start_batch(batch).await
}

/// Processor time of this process so far, in hundredths of a second; 0 where the system does not say.
fn cpu_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

struct Clock {
    at: Instant,
    ticks: u64,
}

impl Clock {
    fn start() -> Self {
        Self { at: Instant::now(), ticks: cpu_ticks() }
    }
}

fn report(what: &str, n: usize, since: Clock) {
    let seconds = since.at.elapsed().as_secs_f64();
    let cpu = (cpu_ticks() - since.ticks) as f64 / 100.0;
    println!("{what:<44} {n:>9} rows {seconds:>8.2} s {cpu:>8.2} cpu s {:>9.0} rows/s", n as f64 / seconds);
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let n_profiles: i64 = args.next().map_or(Ok(500_000), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let is_ordered = args.next().is_none_or(|order| order == "ordered");
    let config = StateConfig { dir: dir.path().to_owned(), url: args.next(), keys_url: None };
    let store = Store::open(config).await?;
    let n_identities = n_profiles * N_IDENTITIES_PER_PROFILE;
    let n_first = n_profiles * 9 / 10 * N_IDENTITIES_PER_PROFILE;
    let mut ids = identity_ids(0, n_first, is_ordered);
    ids.extend(identity_ids(n_first, n_identities, is_ordered));
    // Beyond the last one stand values that nobody has.
    ids.resize(2 * n_identities as usize, 0);
    let identity = |n| identity(n, &ids);

    let keys: Vec<KeyRow> = (0..n_profiles)
        .map(|n| KeyRow {
            subject_kind: "profile".to_owned(),
            subject_id: spread(n),
            epoch: 1,
            wrapped: vec![n as u8; 44],
            created_at: 1,
        })
        .collect();
    let since = Clock::start();
    store.put_keys(keys).await?;
    report("put_keys", n_profiles as usize, since);

    for (what, batch_id, from, to) in
        [("empty store", 1, 0, n_profiles * 9 / 10), ("10 % more", 2, n_profiles * 9 / 10, n_profiles)]
    {
        start(&store, batch_id).await?;
        let load = LoadCommit { new_profiles: (from..to).map(profile).collect(), ..empty(batch_id) };
        let since = Clock::start();
        store.commit_load(&load).await?;
        report(&format!("commit_load new profiles, {what}"), load.new_profiles.len(), since);

        start(&store, 100 + batch_id).await?;
        let range = from * N_IDENTITIES_PER_PROFILE..to * N_IDENTITIES_PER_PROFILE;
        let new_identities = range.map(identity).collect();
        let load = LoadCommit { new_identities, ..empty(100 + batch_id) };
        let since = Clock::start();
        store.commit_load(&load).await?;
        report(&format!("commit_load new identities, {what}"), load.new_identities.len(), since);

        start(&store, 200 + batch_id).await?;
        let fields = (from..to)
            .flat_map(|n| ["name", "phone"].map(|field| (n, field)))
            .map(|(n, field)| FieldRow {
                profile_id: spread(n),
                field: field.to_owned(),
                sealed: vec![n as u8; 48],
                source: "crm".to_owned(),
                updated_at: 1,
            })
            .collect();
        let load = LoadCommit { fields, ..empty(200 + batch_id) };
        let since = Clock::start();
        store.commit_load(&load).await?;
        report(&format!("commit_load fields, {what}"), load.fields.len(), since);

        start(&store, 300 + batch_id).await?;
        let edges = (from..to)
            .map(|n| EdgeRow {
                edge_id: identity(n * N_IDENTITIES_PER_PROFILE).identity_id ^ 1,
                left_identity_id: identity(n * N_IDENTITIES_PER_PROFILE).identity_id,
                right_identity_id: identity(n * N_IDENTITIES_PER_PROFILE + 1).identity_id,
                kind: "deterministic".to_owned(),
                strength: 1.0,
                reason: "same row".to_owned(),
                source: "crm".to_owned(),
                batch_id: 300 + batch_id,
                created_at: 1,
                undone_at: None,
            })
            .collect();
        let load = LoadCommit { edges, ..empty(300 + batch_id) };
        let since = Clock::start();
        store.commit_load(&load).await?;
        report(&format!("commit_load edges, {what}"), load.edges.len(), since);
    }

    let n_changed = n_profiles / 10;
    start(&store, 400).await?;
    let load = LoadCommit {
        touched_identities: (0..n_changed)
            .map(|n| IdentityTouch {
                identity_id: identity(n * 7).identity_id,
                first_seen_at: Some(1),
                last_seen_at: Some(2),
                n_joined: None,
            })
            .collect(),
        ..empty(400)
    };
    let since = Clock::start();
    store.commit_load(&load).await?;
    report("commit_load touched identities", load.touched_identities.len(), since);

    start(&store, 401).await?;
    let load = LoadCommit { updated_profiles: (0..n_changed).map(|n| profile(n * 7)).collect(), ..empty(401) };
    let since = Clock::start();
    store.commit_load(&load).await?;
    report("commit_load updated profiles", load.updated_profiles.len(), since);

    start(&store, 402).await?;
    let moved = (0..n_changed).map(|n| (identity(n * 7).identity_id, spread(n))).collect();
    let load = LoadCommit { moved_identities: moved, ..empty(402) };
    let since = Clock::start();
    store.commit_load(&load).await?;
    report("commit_load moved identities", load.moved_identities.len(), since);

    // Half of the keys exist.
    let wanted: Vec<IdentityKey> = (0..n_identities)
        .map(|n| {
            let row = identity(n * 2 - n % 2);
            IdentityKey { kind: row.kind, scope: row.scope, index: row.value_index }
        })
        .collect();
    let since = Clock::start();
    let found = store.identities_by_index(&wanted).await?;
    report("identities_by_index, half of them there", wanted.len(), since);
    println!("{:<44} {:>9} rows", "  found", found.len());

    let few: Vec<i64> = (0..1000).map(|n| spread(n * 11)).collect();
    let since = Clock::start();
    let found = store.identities_of(&few).await?;
    report("identities_of 1,000 profiles", found.len(), since);
    let since = Clock::start();
    for id in &few {
        store.profile(*id).await?;
    }
    report("profile, one by one", few.len(), since);

    for table in [ScanTable::Profiles, ScanTable::Identities] {
        let since = Clock::start();
        let (mut n_rows, mut after) = (0, None);
        loop {
            let (frame, next) = store.scan(table, after, 50_000).await?;
            n_rows += frame.n_rows();
            after = next;
            if after.is_none() {
                break;
            }
        }
        report(&format!("scan {}", table.name()), n_rows, since);
    }
    let since = Clock::start();
    store.clone().close().await;
    report("close", 0, since);
    for name in ["state.db", "keys/keys.db"] {
        if let Ok(file) = std::fs::metadata(dir.path().join(name)) {
            println!("{name:<44} {:>9} MiB", file.len() >> 20);
        }
    }
    Ok(())
}
