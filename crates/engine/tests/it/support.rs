//! A data directory for one test, and a view of its whole content that does not depend on random ids.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use zhike_domain::id::{ProfileId, RequestId};
use zhike_domain::import::entity::Entity;
use zhike_domain::import::report::LoadReport;
use zhike_domain::rights::RequestKind;
use zhike_engine::consents::NewStatement;
use zhike_engine::import::{self, ImportOptions};
use zhike_engine::query::{self, QueryLimits};
use zhike_engine::requests::{self, NewRequest};
use zhike_engine::workspace::{self, Workspace};
use zhike_engine::{Clock, Ctx, Options, Result};

/// 2026-11-21T00:00:00Z.
pub const NOW: i64 = 1_795_219_200_000_000;

/// A data directory that goes when dropped.
pub struct Home {
    dir: tempfile::TempDir,
    state_url: Option<String>,
}

static DATABASES: AtomicU32 = AtomicU32::new(0);

impl Home {
    /// State on SQLite.
    pub fn sqlite() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), state_url: None }
    }

    /// State on PostgreSQL, in a database of its own; `None` (and a line that says so) without a server.
    pub fn postgres() -> Option<Self> {
        let Ok(url) = std::env::var("ZHIKE_TEST_PG") else {
            println!("skipped: ZHIKE_TEST_PG not set");
            return None;
        };
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let database = format!("engine_{}_{number}", std::process::id());
        let make = format!("CREATE DATABASE {database}");
        let made = std::process::Command::new("psql").args([&url, "-qc", &make]).status();
        assert!(made.is_ok_and(|status| status.success()), "psql could not make the database {database}");
        let (server, options) = url
            .split_once('?')
            .map_or((url.as_str(), String::new()), |(server, options)| (server, format!("?{options}")));
        let (server, _) = server.rsplit_once('/').unwrap();
        let state_url = format!("{server}/{database}{options}");
        Some(Self { dir: tempfile::tempdir().unwrap(), state_url: Some(state_url) })
    }

    /// The server's URL.
    pub fn state_url(&self) -> Option<String> {
        self.state_url.clone()
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Opens the directory as the program would, with a clock that stands.
    pub async fn open(&self) -> Ctx {
        self.open_with(None).await
    }

    pub async fn open_with(&self, memory_bytes: Option<usize>) -> Ctx {
        let options = Options {
            dir: self.path().join("data"),
            state_url: self.state_url(),
            clock: Clock::fixed(NOW),
            memory_bytes,
            ..Options::default()
        };
        Ctx::open(options).await.unwrap()
    }

    /// As [`Home::open`], with other options.
    pub async fn open_as(&self, change: impl FnOnce(Options) -> Options) -> Ctx {
        let options = Options {
            dir: self.path().join("data"),
            state_url: self.state_url(),
            clock: Clock::fixed(NOW),
            ..Options::default()
        };
        Ctx::open(change(options)).await.unwrap()
    }

    /// Writes a file to be imported, beside the data directory.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// Loads a file with the mapping that is guessed.
pub async fn load(ctx: &Ctx, path: &Path, entity: Entity) -> Result<LoadReport> {
    let options = ImportOptions { entity: Some(entity), ..ImportOptions::default() };
    load_with(ctx, path, options).await
}

pub async fn load_with(ctx: &Ctx, path: &Path, options: ImportOptions) -> Result<LoadReport> {
    import::import(ctx, import::file_at(path), options, import::unwatched()).await
}

/// A request of somebody that their data be deleted, checked and granted.
pub async fn granted(ctx: &Ctx, profile_id: ProfileId) -> RequestId {
    let new = NewRequest {
        profile_id,
        kind: RequestKind::Deletion,
        channel: "phone".into(),
        purpose: None,
        note: "本人来电".into(),
        received_at: None,
    };
    let id = requests::enter(ctx, new, "x").await.unwrap().id;
    requests::check(ctx, id, "证件", "x").await.unwrap();
    requests::carry_out(ctx, id, "", "y").await.unwrap();
    id
}

/// That somebody refuses profiling.
pub fn refusal() -> NewStatement {
    NewStatement {
        purpose: "profiling".into(),
        granted: false,
        at: None,
        policy_version: None,
        channel: "phone".into(),
        evidence: String::new(),
        by_guardian: false,
    }
}

/// Pounds and London days, as the sample shop counts.
pub async fn in_pounds(ctx: &Ctx) {
    let shop = Workspace { name: "Shop".into(), currency: "GBP".into(), zone: "Europe/London".into() };
    workspace::set(ctx, shop).await.unwrap();
}

/// The rows of a query as lines of text, values joined by `|`.
pub async fn rows(ctx: &Ctx, sql: &str) -> Vec<String> {
    let mut rows = query::sql(ctx, sql, QueryLimits::default()).await.unwrap();
    let mut lines = Vec::new();
    while let Some(frame) = rows.next().await.unwrap() {
        for row in 0..frame.n_rows() {
            let cells = frame.fields().iter().zip(frame.columns());
            let cells: Vec<String> = cells.map(|(field, column)| cell(field.kind, column, row)).collect();
            lines.push(cells.join("|"));
        }
    }
    lines
}

fn cell(kind: zhike_domain::frame::ColumnType, column: &zhike_domain::frame::Column, row: usize) -> String {
    use zhike_domain::frame::{Column, ColumnType};
    if column.is_missing(row) {
        return "-".into();
    }
    match (kind, column) {
        (_, Column::Text(column)) => column.get(row).unwrap_or_default().to_owned(),
        (ColumnType::Decimal(places), Column::Num(column)) => {
            zhike_domain::clean::number::format_decimal(column.get(row).unwrap_or(0), places)
        }
        (ColumnType::Instant, Column::Num(column)) => {
            jiff::Timestamp::from_microsecond(column.get(row).unwrap_or(0)).unwrap().to_string()
        }
        (_, Column::Num(column)) => column.get(row).unwrap_or(0).to_string(),
        (_, Column::Float(values)) => format!("{:.6}", values[row].unwrap_or(0.0)),
        (_, Column::Sensitive(_)) => "***".into(),
    }
}

/// Everything a user can see, without what is random: profiles are named by their smallest member number or masked
/// identity.
pub async fn dump(ctx: &Ctx) -> Vec<String> {
    let who = "(SELECT profile_id, min(kind || ':' || value) AS who FROM identities WHERE status = 'active' GROUP BY profile_id)";
    let queries = [
        format!(
            "SELECT 'profile', w.who, p.kind, p.gender, p.province, p.city, p.member_level, p.n_identities, p.name, p.phone, p.email FROM profiles p LEFT JOIN {who} w ON w.profile_id = p.profile_id"
        ),
        format!(
            "SELECT 'identity', w.who, i.kind, i.value, i.status, i.first_seen_at, i.last_seen_at FROM identities i LEFT JOIN {who} w ON w.profile_id = i.profile_id"
        ),
        format!(
            "SELECT 'order', o.order_id, w.who, o.ordered_at, o.status, o.kind, o.amount, o.refunded_amount, o.net_amount, o.n_items FROM orders o LEFT JOIN {who} w ON w.profile_id = o.profile_id"
        ),
        format!(
            "SELECT 'item', i.order_id, i.line_no, w.who, i.product_id, i.quantity, i.unit_price, i.amount, i.is_refund FROM order_items i LEFT JOIN {who} w ON w.profile_id = i.profile_id"
        ),
        "SELECT 'refund', refund_order_id, order_id, product_id, quantity, amount FROM refunds".to_owned(),
        "SELECT 'product', product_id, name, kind FROM products".to_owned(),
        format!(
            "SELECT 'rfm', w.who, r.as_of, r.recency_days, r.frequency, r.monetary, r.r_score, r.f_score, r.m_score, r.rfm_segment, r.tier FROM rfm r LEFT JOIN {who} w ON w.profile_id = r.profile_id"
        ),
        "SELECT 'quarantine', entity, row_no, reason_code, status FROM quarantine".to_owned(),
    ];
    let mut all = Vec::new();
    for sql in queries {
        all.extend(rows(ctx, &sql).await);
    }
    all.sort();
    all
}
