//! Consents from a file: one row per statement.

use crate::boxed;
use std::collections::BTreeMap;

use zhike_domain::clean::RuleSet;
use zhike_domain::clean::time::{DateOrder, TimeReader};
use zhike_domain::consent::{Purpose, read_granted};
use zhike_domain::frame::TextColumn;
use zhike_domain::import::entity::IdentityKind;
use zhike_lake::read::{self, ReadOptions};
use zhike_state::{ConsentRow, IdentityStatus};

use super::{NewStatement, purposes, rows};
use crate::audit;
use crate::import::{OpenFile, read_error};
use crate::profiles::normal;
use crate::{Ctx, Error, Result};

/// Rows read and looked up at a time.
const BATCH: usize = 10_000;
/// Rows that are named when they were not recorded.
const MAX_NAMED: usize = 100;

/// What the import of a file of consents did; every row is in one of the counts.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// Rows in the file.
    pub n_rows: u64,
    /// Statements that are new.
    pub n_recorded: u64,
    /// Statements that were there already.
    pub n_known: u64,
    /// Rows of people whom nobody knows.
    pub n_unknown: u64,
    /// Rows that do not stand.
    pub n_refused: u64,
    /// The first of these: row, Chinese and English reason.
    pub refused: Vec<(u64, String, String)>,
}

/// Fields of a row, with the headings that name them.
const FIELDS: [(&str, &[&str]); 7] = [
    ("purpose", &["purpose", "用途"]),
    ("granted", &["granted", "consent", "state", "同意", "是否同意", "状态"]),
    ("at", &["at", "time", "timestamp", "consented_at", "时间", "同意时间", "操作时间"]),
    ("policy_version", &["policy_version", "policy", "告知版本", "隐私政策版本"]),
    ("channel", &["channel", "渠道", "来源"]),
    ("evidence", &["evidence", "证据", "凭证"]),
    ("by_guardian", &["by_guardian", "guardian", "监护人", "监护人同意"]),
];

/// Records the statements of a file. It has a column that names people (`member_id`, `phone`, `email` …), `granted`, `at`,
/// and `purpose`, which one purpose for all rows can stand for.
///
/// **Errors**: `bad_request` for columns that are missing; those of reading files.
#[boxed]
pub async fn import(ctx: &Ctx, open: OpenFile, purpose: Option<&str>, actor: &str) -> Result<Imported> {
    let all = purposes(ctx).await?;
    if let Some(code) = purpose {
        super::purpose(ctx, code).await?;
    }
    let options = ReadOptions::default();
    let mut input = open()?;
    let file = input.name().to_owned();
    let failed = |error: read::Error| read_error(&file, &error);
    let sniffed = read::sniff(&mut input, &options).map_err(failed)?;
    let form = Form::of(&sniffed.header, purpose)?;
    let mut reader = read::open(open()?, &sniffed, &options).map_err(failed)?;
    let mut done = Imported::default();
    while let Some(batch) = reader.next_batch(BATCH).map_err(failed)? {
        form.record(ctx, &all, &batch.columns, actor, &mut done).await?;
    }
    let detail = serde_json::json!({ "rows": done.n_rows, "recorded": done.n_recorded, "refused": done.n_refused });
    audit::record(ctx, actor, "consent.import", "consents", &detail).await?;
    Ok(done)
}

/// Which column is what.
struct Form<'a> {
    identity: (usize, IdentityKind),
    fields: BTreeMap<&'static str, usize>,
    purpose: Option<&'a str>,
}

impl<'a> Form<'a> {
    fn of(header: &[String], purpose: Option<&'a str>) -> Result<Self> {
        let name = |heading: &str| heading.trim().to_lowercase();
        let identity = header.iter().enumerate().find_map(|(at, heading)| {
            let heading = name(heading);
            let kind = match heading.as_str() {
                "手机号" | "手机" => Some(IdentityKind::Phone),
                "邮箱" => Some(IdentityKind::Email),
                "会员号" | "会员id" => Some(IdentityKind::MemberId),
                other => IdentityKind::parse(other),
            };
            Some((at, kind?))
        });
        let mut fields = BTreeMap::new();
        for (field, names) in FIELDS {
            if let Some(at) = header.iter().position(|heading| names.contains(&name(heading).as_str())) {
                fields.insert(field, at);
            }
        }
        let has_purpose = purpose.is_some() || fields.contains_key("purpose");
        match identity {
            Some(identity) if has_purpose && fields.contains_key("granted") && fields.contains_key("at") => {
                Ok(Self { identity, fields, purpose })
            }
            _ => {
                let header = header.join(", ");
                Err(Error::bad_request(
                    format!(
                        "a file of consents has columns for the person (member_id, phone, email …), purpose, granted and at: \
                         this one has {header}"
                    ),
                    format!(
                        "同意记录文件需要个人标识（member_id、phone、email 等）、purpose、granted、at 各列：现有 {header}"
                    ),
                ))
            }
        }
    }

    async fn record(
        &self,
        ctx: &Ctx,
        purposes: &[Purpose],
        columns: &[TextColumn],
        actor: &str,
        done: &mut Imported,
    ) -> Result<()> {
        let (at, kind) = self.identity;
        let n_rows = columns.first().map_or(0, TextColumn::len);
        let cell =
            |at: usize, row: usize| columns.get(at).and_then(|column| column.get(row)).unwrap_or_default().trim();
        let indexes: Vec<Option<[u8; 16]>> = (0..n_rows)
            .map(|row| normal(kind, cell(at, row)).map(|value| ctx.vault().blind_index(kind.as_str(), value.expose())))
            .collect();
        let wanted: std::collections::BTreeSet<[u8; 16]> = indexes.iter().flatten().copied().collect();
        let wanted: Vec<(&str, [u8; 16])> = wanted.into_iter().map(|index| (kind.as_str(), index)).collect();
        let found = ctx.store().find_identities(&wanted).await?;
        let of: BTreeMap<[u8; 16], i64> = found
            .iter()
            .filter(|one| one.status == IdentityStatus::Active)
            .map(|one| (one.value_index, one.identity_id))
            .collect();
        let mut reader = TimeReader::new(&ctx.workspace().zone, DateOrder::default())
            .map_err(|error| Error::bug("the workspace's zone", error))?;
        // What one person agreed to at one instant is one act; what they took back waits for nothing else.
        let mut acts: BTreeMap<(i64, i64, bool), Vec<(u64, NewStatement)>> = BTreeMap::new();
        for (row, index) in indexes.iter().enumerate() {
            done.n_rows += 1;
            let number = done.n_rows;
            let Some(&identity_id) = index.and_then(|index| of.get(&index)) else {
                done.n_unknown += 1;
                continue;
            };
            match self.statement(&|field| self.fields.get(field).map(|at| cell(*at, row)), &mut reader) {
                Ok(one) => acts.entry((identity_id, one.at.unwrap_or(0), one.granted)).or_default().push((number, one)),
                Err((zh, en)) => done.refuse(number, zh, en),
            }
        }
        let mut new: Vec<ConsentRow> = Vec::new();
        for ((identity_id, ..), act) in acts {
            let (numbers, said): (Vec<u64>, Vec<NewStatement>) = act.into_iter().unzip();
            match rows(ctx, purposes, identity_id, &said, actor) {
                Ok(rows) => new.extend(rows),
                Err(error) => numbers
                    .into_iter()
                    .for_each(|row| done.refuse(row, error.message_zh.clone(), error.message.clone())),
            }
        }
        let n_recorded = ctx.store().record_consents(&new).await?;
        done.n_recorded += n_recorded;
        done.n_known += new.len() as u64 - n_recorded;
        Ok(())
    }

    fn statement<'c>(
        &self,
        cell: &dyn Fn(&str) -> Option<&'c str>,
        reader: &mut TimeReader,
    ) -> std::result::Result<NewStatement, (String, String)> {
        let text = |field: &str| cell(field).unwrap_or_default().to_owned();
        let granted = read_granted(&text("granted")).ok_or_else(|| {
            ("granted 须为 是/否、同意/撤回、granted/withdrawn".to_owned(), "granted is yes or no".to_owned())
        })?;
        let at = reader.instant(&text("at"), &mut RuleSet::default()).ok().flatten();
        let at = at.ok_or_else(|| ("at 不是可读的时间".to_owned(), "at is no time that can be read".to_owned()))?;
        Ok(NewStatement {
            purpose: self.purpose.map_or_else(|| text("purpose"), str::to_owned),
            granted,
            at: Some(at),
            policy_version: cell("policy_version").filter(|version| !version.is_empty()).map(str::to_owned),
            channel: match text("channel") {
                channel if channel.is_empty() => "file".to_owned(),
                channel => channel,
            },
            evidence: text("evidence"),
            by_guardian: cell("by_guardian").and_then(read_granted).unwrap_or(false),
        })
    }
}

impl Imported {
    fn refuse(&mut self, row: u64, zh: String, en: String) {
        self.n_refused += 1;
        if self.refused.len() < MAX_NAMED {
            self.refused.push((row, zh, en));
        }
    }
}
