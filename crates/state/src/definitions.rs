//! Small things kept by name: settings, versioned definitions, column mappings of known files.

use crate::boxed;
use crate::db::{Put, Tx, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// One version of a definition (a segment, a report, a rule set …).
    DefinitionRow {
        /// What is defined.
        kind: String,
        /// Name within the kind.
        name: String,
        /// Version, from 1.
        version: i64,
        /// Definition.
        spec_json: String,
        /// When this version was made, in microseconds.
        created_at: i64,
    }
}

record! {
    /// How the columns of files with one header are read.
    MappingRow {
        /// Source of the files.
        source: String,
        /// What their rows become.
        entity: String,
        /// Fingerprint of the header.
        header_key: i64,
        /// Mapping.
        spec_json: String,
        /// Last change, in microseconds.
        updated_at: i64,
    }
}

impl Store {
    /// The setting of a key.
    #[boxed]
    pub async fn get_meta(&self, key: &str) -> Result<Option<String>> {
        let found: Option<(String,)> =
            self.data.read("get_meta", key).optional("SELECT value FROM meta WHERE key = $1", &[key.arg()]).await?;
        Ok(found.map(|(value,)| value))
    }

    /// Sets a setting.
    #[boxed]
    pub async fn set_meta(&self, key: &str, value: &str) -> Result<()> {
        let mut tx = self.data.begin("set_meta", key).await?;
        tx.run(
            "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            &[key.arg(), value.arg()],
        )
        .await?;
        tx.commit().await
    }

    /// Counts the loads committed: what was computed at one version stays true as long as it has not changed.
    #[boxed]
    pub async fn state_version(&self) -> Result<i64> {
        self.counter("state_version").await
    }

    /// Counts the changes of [`Store::overrides`].
    #[boxed]
    pub async fn overrides_version(&self) -> Result<i64> {
        self.counter("overrides_version").await
    }

    pub(crate) async fn counter(&self, key: &'static str) -> Result<i64> {
        let read = self.data.read("read counter", key);
        let found: Option<(i64,)> =
            read.optional("SELECT CAST(value AS BIGINT) FROM meta WHERE key = $1", &[key.arg()]).await?;
        Ok(found.map_or(0, |(value,)| value))
    }

    /// Stores a definition and returns its version; the same text as the latest version makes no new one.
    #[boxed]
    pub async fn put_definition(&self, kind: &str, name: &str, spec_json: &str, created_at: i64) -> Result<i64> {
        let mut tx = self.data.begin("put_definition", format!("{kind} {name}")).await?;
        bump(&mut tx, "definitions_version").await?;
        let latest: Option<(i64, String)> = tx
            .optional(
                "SELECT version, spec_json FROM definitions WHERE kind = $1 AND name = $2 \
                 ORDER BY version DESC LIMIT 1",
                &[kind.arg(), name.arg()],
            )
            .await?;
        let version = match latest {
            Some((version, text)) if text == spec_json => return Ok(version),
            Some((version, _)) => version + 1,
            None => 1,
        };
        let row = DefinitionRow {
            kind: kind.to_owned(),
            name: name.to_owned(),
            version,
            spec_json: spec_json.to_owned(),
            created_at,
        };
        tx.bulk("INSERT INTO definitions ({columns}) {rows}", &[row]).await?;
        tx.commit().await?;
        Ok(version)
    }

    /// A version of a definition, by default the latest.
    #[boxed]
    pub async fn get_definition(&self, kind: &str, name: &str, version: Option<i64>) -> Result<Option<DefinitionRow>> {
        self.data
            .read("get_definition", format!("{kind} {name}"))
            .optional(
                "SELECT {columns} FROM definitions WHERE kind = $1 AND name = $2 AND version = COALESCE($3, version) \
                 ORDER BY version DESC LIMIT 1",
                &[kind.arg(), name.arg(), version.arg()],
            )
            .await
    }

    /// The latest version of every definition of a kind, by name.
    #[boxed]
    pub async fn list_definitions(&self, kind: &str) -> Result<Vec<DefinitionRow>> {
        let mut found: Vec<DefinitionRow> = self
            .data
            .read("list_definitions", kind)
            .all(
                "SELECT {columns} FROM definitions d WHERE kind = $1 AND version = \
                 (SELECT max(o.version) FROM definitions o WHERE o.kind = d.kind AND o.name = d.name)",
                &[kind.arg()],
            )
            .await?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Remembers a mapping for files with the same header.
    #[boxed]
    pub async fn put_mapping(&self, mapping: MappingRow) -> Result<()> {
        let subject = format!("{} from {}", mapping.entity, mapping.source);
        let mut tx = self.data.begin("put_mapping", subject).await?;
        tx.bulk(
            "INSERT INTO mappings ({columns}) {rows} ON CONFLICT (source, entity, header_key) \
             DO UPDATE SET spec_json = excluded.spec_json, updated_at = excluded.updated_at",
            &[mapping],
        )
        .await?;
        tx.commit().await
    }

    /// The mapping remembered for a header.
    #[boxed]
    pub async fn find_mapping(&self, source: &str, entity: &str, header_key: i64) -> Result<Option<MappingRow>> {
        self.data
            .read("find_mapping", format!("{entity} from {source}"))
            .optional(
                "SELECT {columns} FROM mappings WHERE source = $1 AND entity = $2 AND header_key = $3",
                &[source.arg(), entity.arg(), header_key.arg()],
            )
            .await
    }

    /// All mappings, by source, entity and header.
    #[boxed]
    pub async fn list_mappings(&self) -> Result<Vec<MappingRow>> {
        let mut found: Vec<MappingRow> =
            self.data.read("list_mappings", "mappings").all("SELECT {columns} FROM mappings", &[]).await?;
        found.sort_by(|a, b| (&a.source, &a.entity, a.header_key).cmp(&(&b.source, &b.entity, b.header_key)));
        Ok(found)
    }
}

/// Counts up a number in `meta` and returns it. Transactions that count up the same one wait for each other, on both
/// databases, until the first has ended.
pub(crate) async fn bump(tx: &mut Tx, key: &'static str) -> Result<i64> {
    let bumped: Option<(i64,)> = tx
        .optional(
            "INSERT INTO meta (key, value) VALUES ($1, '1') ON CONFLICT (key) \
             DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT) RETURNING CAST(value AS BIGINT)",
            &[key.arg()],
        )
        .await?;
    bumped.map(|(value,)| value).ok_or_else(|| tx.at.not_found())
}
