//! Copies: every row of every table, wherever it stands and wherever it goes.

use super::{Backend, Place, commit, conformance, edge, load, quarantined};
use crate::db::Pool;
use crate::{AuditEntry, Error, KeyRow, LoadCommit, StateConfig, Store};

conformance!(a_copy_is_the_whole_and_moves_to_a_server);

/// Every row of every table but the version of the schema; tables and columns as the file has them.
async fn dump(file: &Pool, pool: &Pool) -> Vec<String> {
    let mut columns: Vec<(String, String, String)> = Vec::new();
    let sql = "SELECT t.name, c.name, c.type FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' \
               AND t.name NOT LIKE 'sqlite_%' AND t.name <> 'schema_versions' ORDER BY t.name, c.cid";
    let text = |row: &crate::db::Row<'_>, at| Ok::<_, sqlx::Error>(row.text(at)?.unwrap_or_default().to_owned());
    let read = file.read("test", "schema");
    let found = read.each(sql.into(), &[], |row| {
        columns.push((text(row, 0)?, text(row, 1)?, text(row, 2)?));
        Ok(())
    });
    found.await.unwrap();
    let mut lines = Vec::new();
    for of_table in columns.chunk_by(|a, b| a.0 == b.0) {
        let (table, names) = (&of_table[0].0, of_table.iter().map(|one| one.1.as_str()).collect::<Vec<_>>());
        let sql = format!("SELECT {} FROM {table}", names.join(", "));
        let read = pool.read("test", table);
        let found = read.each(sql.into(), &[], |row| {
            let mut line = table.clone();
            for (at, (_, _, kind)) in of_table.iter().enumerate() {
                let value = match kind.as_str() {
                    "TEXT" => format!("{:?}", row.text(at)?),
                    "BLOB" => format!("{:?}", row.blob(at)?),
                    "DOUBLE PRECISION" => format!("{:?}", row.float(at)?),
                    _ => format!("{:?}", row.int(at)?),
                };
                line.push_str(&format!("|{value}"));
            }
            lines.push(line);
            Ok(())
        });
        found.await.unwrap();
    }
    lines.sort();
    lines
}

async fn a_copy_is_the_whole_and_moves_to_a_server(place: &Place) {
    let store = place.open().await;
    let all = LoadCommit {
        edges: vec![edge(1, 10, 11, 1)],
        overrides: vec![(10, 11)],
        quarantine: (0..3_000).map(|row| quarantined(1, row, "phone.invalid")).collect(),
        ..load(1, 4_000)
    };
    commit(&store, &all).await.unwrap();
    for n in 0..3 {
        let action = format!("act.'{n}';--\n中");
        let entry = AuditEntry { at: n, actor: "x".into(), action, subject: String::new(), detail_json: "{}".into() };
        store.append_audit(&entry, |_, _| [7; 32]).await.unwrap();
    }
    let key = |subject_id| KeyRow {
        subject_kind: "profile".to_owned(),
        subject_id,
        epoch: 1,
        wrapped: vec![0; 59],
        created_at: i64::MAX,
    };
    store.put_keys((0..5_000).map(key).collect()).await.unwrap();

    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("keys")).unwrap();
    store.copy_data(&dir.path().join("state.db")).await.unwrap();
    store.copy_keys(&dir.path().join("keys/keys.db")).await.unwrap();
    let copied = Store::open(StateConfig { dir: dir.path().to_owned(), ..StateConfig::default() }).await.unwrap();
    let mut whole = Vec::new();
    for (from, to) in [(&store.data, &copied.data), (&store.keys, &copied.keys)] {
        let rows = dump(to, to).await;
        assert!(rows.len() > 4_000);
        assert!(rows == dump(to, from).await, "{} rows of the copy are others", rows.len());
        whole.push(rows);
    }
    copied.close().await;

    if place.config.url.is_none() {
        return;
    }
    let server = Place::new(Backend::Postgres).await.unwrap();
    let config = StateConfig { dir: dir.path().to_owned(), ..server.config.clone() };
    let files =
        ["state.db", "keys/keys.db"].map(|name| (dir.path().join(name), std::fs::read(dir.path().join(name)).unwrap()));
    Store::move_to_server(&config).await.unwrap();
    assert!(files.iter().all(|(path, _)| !path.exists()));
    let moved = Store::open(config.clone()).await.unwrap();
    // Tables and columns as an empty file has them.
    let place = Place::new(Backend::Sqlite).await.unwrap();
    let empty = place.open().await;
    assert!(whole[0] == dump(&empty.data, &moved.data).await && whole[1] == dump(&empty.keys, &moved.keys).await);
    moved.close().await;
    // What is there stays; keys that the server has are taken when no file has any.
    for (path, bytes) in &files {
        std::fs::write(path, bytes).unwrap();
    }
    assert!(matches!(Store::move_to_server(&config).await, Err(Error::Conflict { .. })));
    assert!(files.iter().all(|(path, _)| path.exists()));
    let fresh = Place::new(Backend::Postgres).await.unwrap();
    std::fs::remove_file(&files[1].0).unwrap();
    let mixed = StateConfig { url: fresh.config.url.clone(), ..config };
    Store::move_to_server(&mixed).await.unwrap();
    let (_, bytes) = &files[0];
    std::fs::write(&files[0].0, bytes).unwrap();
    let nowhere = Place::new(Backend::Postgres).await.unwrap();
    let nowhere = StateConfig { dir: dir.path().to_owned(), ..nowhere.config.clone() };
    assert!(matches!(Store::move_to_server(&nowhere).await, Err(Error::NotFound { .. })));
}
