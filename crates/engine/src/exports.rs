//! Exports: what is asked for as a stream of tables, masked, and the entry in the audit trail without which no file may be
//! handed out.
//!
//! Owns what can be exported and what is said about it. Must not know the formats of files.
//!
//! - INV-EXPORTS-1: an export of customers holds exactly those of the list whose data may be used for its purpose, in its
//!   order, and its marks (`tests/it/customers.rs`).
//! - INV-EXPORTS-2: no personal value leaves in the clear; bounded memory beside 16 bytes a customer.

mod marks;
mod print;

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value as Json, json};
use zhike_domain::audience::{Source, field_of};
use zhike_domain::clean::rule::Reason;
use zhike_domain::detect::mask_text;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::frame::{Column, ColumnType, Frame, NumColumn, TextColumn};
use zhike_domain::grade::Classes;
use zhike_domain::id::{BatchId, ProfileId};
use zhike_domain::sensitive::Sensitive;
use zhike_domain::tables;

use crate::consents::{self, Excluded};
use crate::customers::{self, Sort, Whom, columns};
use crate::guard::classes;
use crate::segments::{self, numbers};
use crate::{Ctx, Error, Result, audit, boxed, guard, incidents, profiles, quarantine};
use marks::Marks;
pub use marks::{Traced, trace};
use print::Depends;

/// Customers read at a time.
const CHUNK: usize = 5_000;
/// Longest purpose and reason, in characters.
const MAX_CHARS: usize = 500;
/// Rows of quarantine read at a time.
const PAGE: usize = 5_000;

/// What is exported.
#[derive(Clone, Debug)]
pub enum What {
    /// Customers of a list.
    Customers {
        /// Whom.
        whom: Box<Whom>,
        /// In which order.
        sort: Sort,
        /// Columns by name; the usual ones when empty.
        columns: Vec<String>,
    },
    /// Members of a segment at its last refresh, with the instant since when.
    Members {
        /// Segment, by id or name.
        segment: String,
        /// Columns by name; the usual ones when empty.
        columns: Vec<String>,
    },
    /// Customers with a tag, and its values.
    Tag {
        /// Tag.
        tag: String,
        /// Further columns by name; the usual ones when empty.
        columns: Vec<String>,
    },
    /// Orders of a customer.
    Orders(ProfileId),
    /// Rows that a load set aside, without their content.
    Quarantine(BatchId),
}

/// An export that somebody asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// What.
    pub what: What,
    /// Code of the purpose that the data will be used for; needed.
    pub purpose: String,
    /// Why now, in words.
    pub reason: String,
    /// Headings in Chinese instead of English.
    pub is_zh: bool,
    /// Who asks.
    pub actor: String,
}

/// What a second person approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// Rows.
    pub n_rows: u64,
    /// Fingerprint of what decides whom it names and what it holds ([`Export::print`]).
    pub print: String,
}

/// A column of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Name in the frames.
    pub key: String,
    /// Heading.
    pub label: String,
    /// What it holds.
    pub kind: ColumnType,
}

/// An export that can be read.
pub struct Export {
    /// Columns, in order.
    pub heads: Vec<Head>,
    /// Rows, as counted before the first was read.
    pub n_rows: u64,
    /// What is exported, in the language asked for.
    pub title: String,
    /// Which rows, as a sentence.
    pub filters: String,
    /// Last day that counts; missing where no day matters.
    pub as_of: Option<String>,
    /// Those who are left out because of the purpose.
    pub excluded: Excluded,
    request: Request,
    subject: String,
    rule: Json,
    /// Definitions by which its people are chosen.
    depends: Vec<Depends>,
    source: From,
    /// Number drawn for its marks, and they.
    mark: i64,
    marks: Marks,
    n_marks: u64,
}

/// Where the rows come from.
enum From {
    Customers { ids: Vec<i64>, since: Option<Vec<i64>>, columns: Vec<columns::Column>, at: usize },
    Orders(Option<Frame>),
    Quarantine { batch_id: BatchId, after: Option<u64>, is_zh: bool, is_done: bool },
}

impl Export {
    /// Checks what is asked for and finds out whose rows it holds.
    ///
    /// **Errors**: `bad_request` without a purpose or for an unknown column; `invalid_segment`; `not_found`.
    #[boxed]
    pub async fn open(ctx: &Ctx, mut request: Request) -> Result<Self> {
        (request.purpose, request.reason) = asked(ctx, &request.purpose, &request.reason).await?;
        let mut export = Self::find(ctx, request).await?;
        if matches!(export.source, From::Customers { .. }) {
            export.mark = ctx.vault().random_id();
            export.marks = Marks::new(ctx, export.mark, export.n_rows);
        }
        Ok(export)
    }

    async fn find(ctx: &Ctx, request: Request) -> Result<Self> {
        match request.what.clone() {
            What::Customers { whom, sort, columns } => customers_of(ctx, request, &whom, sort, &columns).await,
            What::Members { segment, columns } => members_of(ctx, request, &segment, &columns).await,
            What::Tag { tag, mut columns } => {
                if columns.is_empty() {
                    columns.extend(columns::USUAL.iter().map(|key| (*key).to_owned()));
                }
                columns.insert(1.min(columns.len()), format!("tags.{tag}"));
                let whom = Whom { rule: Some(json!({ "tag": tag, "op": "exists" })), ..Whom::default() };
                let mut export = customers_of(ctx, request, &whom, Sort::default(), &columns).await?;
                export.subject = format!("tag:{tag}");
                export.title = export.say("标签取值", "Values of a tag");
                Ok(export)
            }
            What::Orders(profile_id) => orders_of(ctx, request, profile_id).await,
            What::Quarantine(batch_id) => quarantine_of(ctx, request, batch_id).await,
        }
    }

    /// Reserves all its rows before the first is read; what a second person approved takes nothing of the budget.
    ///
    /// **Errors**: `rights_locked`, `over_budget`; `approval_needed` for more rows than go without, or than were approved;
    /// `conflict` when it is not what was approved.
    #[boxed]
    pub async fn reserve(&self, ctx: &Ctx, format: &str, approved: Option<&Approved>) -> Result<()> {
        incidents::check_unlocked(ctx).await?;
        match approved {
            Some(approved) if self.n_rows <= approved.n_rows => {
                if self.print(ctx, format).await? == approved.print {
                    return Ok(());
                }
                return Err(Error::conflict(
                    "a rule, a segment, a tag or a list that it depends on was changed since it was approved: ask again".into(),
                    "审批后，它所依据的规则、分群、标签或名单已被修改：请重新申请".into(),
                ));
            }
            None if !guard::needs_approval(ctx, self.n_rows).await? => {}
            _ => {
                return Err(Error::new(
                    ErrorCode::ApprovalNeeded,
                    format!(
                        "{} rows are more than go without a second person: ask for approval in the console",
                        self.n_rows
                    ),
                    format!("共 {} 行，超过无需审批的行数：请在控制台申请审批", self.n_rows),
                ));
            }
        }
        let n_rows = usize::try_from(self.n_rows).unwrap_or(usize::MAX);
        guard::reserve(ctx, guard::Meter::Rows, n_rows).await?;
        let shown = match &self.source {
            From::Customers { columns, since, .. } => {
                let stay = since.is_some().then_some(("segment_members", "since"));
                columns::shown(ctx, columns).await?.or(classes::of_columns(stay))
            }
            From::Orders(_) => classes::of_columns(ORDER.iter().map(|column| ("orders", *column))),
            // Rows set aside stay sealed: what is wrong with them is said without their values.
            From::Quarantine { .. } => Classes::default(),
        };
        guard::show(ctx, n_rows, shown).await
    }

    /// The next rows; `None` at the end.
    #[boxed]
    pub async fn next(&mut self, ctx: &Ctx) -> Result<Option<Frame>> {
        match &mut self.source {
            From::Customers { ids, since, columns, at } => {
                let chunk = *at..ids.len().min(*at + CHUNK);
                if chunk.is_empty() {
                    return Ok(None);
                }
                *at = chunk.end;
                let mut rows = customers::rows(ctx, &ids[chunk.clone()], columns).await?;
                self.n_marks += self.marks.insert(chunk.start, &mut rows);
                let mut frame = columns::frame(columns, &rows);
                if let Some(since) = since {
                    let since: HashMap<i64, i64> =
                        ids[chunk.clone()].iter().copied().zip(since[chunk].iter().copied()).collect();
                    // A mark has that of the row before it.
                    let mut last = None;
                    let stays = rows.iter().map(|row| {
                        last = since.get(&row.profile_id.get()).copied().or(last);
                        last
                    });
                    frame.set("since", ColumnType::Instant, Column::Num(stays.collect()));
                }
                Ok(Some(frame))
            }
            From::Orders(frame) => Ok(frame.take()),
            From::Quarantine { batch_id, after, is_zh, is_done } => {
                if *is_done {
                    return Ok(None);
                }
                let rows = quarantine::list(ctx, *batch_id, *after, PAGE, None).await?;
                *after = rows.last().map(|row| row.row_no as u64);
                *is_done = rows.len() < PAGE;
                Ok(Some(quarantined(&rows, *is_zh)))
            }
        }
    }

    /// Writes the export to the audit trail; without it the file must not be handed out.
    #[boxed]
    pub async fn record(&self, ctx: &Ctx, format: &str, n_rows: u64) -> Result<()> {
        let mut detail = json!({
            "purpose": self.request.purpose,
            "reason": self.request.reason,
            "format": format,
            "columns": self.heads.iter().map(|head| head.key.as_str()).collect::<Vec<_>>(),
            "rule": masked(&self.rule),
            "rows": n_rows,
            "excluded": self.excluded.total(),
        });
        if self.n_marks > 0 {
            detail["mark"] = json!(format!("{:016x}", self.mark));
            detail["marked"] = json!(self.n_rows);
        }
        audit::record(ctx, &self.request.actor, "export.create", &self.subject, &detail).await
    }

    /// What stands beside the rows: what they are, which, as of when, for what, how many.
    pub fn notes(&self, ctx: &Ctx, n_rows: u64) -> Vec<(String, String)> {
        let made = jiff::Timestamp::from_microsecond(ctx.now()).unwrap_or_default();
        let made = made.to_zoned(ctx.workspace().time_zone()).strftime("%Y-%m-%d %H:%M %:z").to_string();
        let mut notes = vec![
            (self.say("内容", "Content"), self.title.clone()),
            (self.say("筛选", "Filters"), self.filters.clone()),
        ];
        notes.extend(self.as_of.clone().map(|day| (self.say("数据截至", "As of"), day)));
        notes.push((self.say("用途", "Purpose"), self.request.purpose.clone()));
        if self.excluded.total() > 0 {
            let reasons = self.excluded.reasons().into_iter().map(|(refusal, n)| {
                let (zh, en) = refusal.words();
                if self.request.is_zh { format!("{zh} {n}") } else { format!("{en} {n}") }
            });
            let reasons: Vec<String> = reasons.collect();
            let (mark, total) = (if self.request.is_zh { "，" } else { ", " }, self.excluded.total());
            notes.push((self.say("因用途排除", "Left out"), format!("{total} ({})", reasons.join(mark))));
        }
        if !self.request.reason.is_empty() {
            notes.push((self.say("理由", "Reason"), self.request.reason.clone()));
        }
        notes.push((self.say("行数", "Rows"), n_rows.to_string()));
        if self.n_marks > 0 {
            let words = self.say("行（不是客户，用于文件溯源）", "rows of nobody, by which the file is traced");
            notes.push((self.say("标记", "Marks"), format!("{} {words}", self.n_marks)));
        }
        notes.push((self.say("导出时间", "Made at"), made));
        notes.push((self.say("个人信息", "Personal data"), self.say("已脱敏", "masked")));
        notes
    }

    /// Rows of nobody among those that were read so far.
    pub const fn n_marks(&self) -> u64 {
        self.n_marks
    }

    /// What is exported, in one word.
    pub const fn word(&self) -> &'static str {
        match self.request.what {
            What::Customers { .. } => "customers",
            What::Members { .. } => "members",
            What::Tag { .. } => "tag",
            What::Orders(_) => "orders",
            What::Quarantine(_) => "quarantine",
        }
    }

    /// Whether headings are Chinese.
    pub const fn is_zh(&self) -> bool {
        self.request.is_zh
    }

    fn say(&self, zh: &str, en: &str) -> String {
        said(self.request.is_zh, zh, en)
    }
}

/// A password for an archive: 100 random bits, told once.
pub fn new_password() -> Sensitive<String> {
    zhike_vault::password::new_word(20)
}

/// Puts a file into an archive that a password opens (`zhike_vault::zip`), and removes it.
///
/// **Errors**: `disk_full`, `unavailable`; `too_large` beyond four gigabytes.
#[boxed]
pub async fn seal(from: &Path, to: &Path, name: &str, password: &Sensitive<String>) -> Result<()> {
    let (from, to, name, password) = (from.to_owned(), to.to_owned(), name.to_owned(), password.clone());
    let work = move || {
        let failed = |error| Error::io("seal", &to, error);
        let mut content = std::fs::File::open(&from).map_err(failed)?;
        let n_bytes = content.metadata().map_err(failed)?.len();
        if n_bytes > zhike_vault::zip::MAX_BYTES {
            return Err(Error::new(
                ErrorCode::TooLarge,
                "the file is larger than an encrypted archive holds (4 GiB): export less at a time",
                "文件超过加密压缩包上限（4 GiB）：请分批导出",
            ));
        }
        let mut out = std::io::BufWriter::new(std::fs::File::create(&to).map_err(failed)?);
        if let Err(error) = zhike_vault::zip::seal(&mut out, &name, &mut content, n_bytes, &password) {
            let _ = std::fs::remove_file(&to);
            return Err(failed(error));
        }
        std::fs::remove_file(&from).map_err(failed)
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::bug("seal a file", error))?
}

/// Finds mistakes in what is asked for without reading rows.
///
/// **Errors**: as [`Export::open`].
#[boxed]
pub async fn check(ctx: &Ctx, request: &Request) -> Result<()> {
    let Request { what, purpose, reason, .. } = request;
    asked(ctx, purpose, reason).await?;
    match what {
        What::Customers { whom, columns, .. } => {
            customers::rule_of(ctx, whom, &segments::as_of(ctx, None).await?).await?;
            columns::read(ctx, columns).await.map(drop)
        }
        What::Members { segment, columns } => {
            segments::get(ctx, segment).await?;
            columns::read(ctx, columns).await.map(drop)
        }
        What::Tag { tag, columns } => {
            columns::read(ctx, &[format!("tags.{tag}")]).await?;
            columns::read(ctx, columns).await.map(drop)
        }
        What::Orders(profile_id) => profiles::current(ctx, profile_id.get()).await.map(drop),
        What::Quarantine(batch_id) => batch_of(ctx, *batch_id).await.map(drop),
    }
}

/// Refuses what names a person and would be stored until somebody has decided on it.
///
/// **Errors**: `bad_request`.
pub fn check_names_nobody(spec: &Json) -> Result<()> {
    if masked(spec) == *spec {
        return Ok(());
    }
    Err(Error::bad_request(
        "the conditions hold personal data, which are not kept until somebody approves: leave them out".into(),
        "条件中含个人信息，不能随审批保存：请去掉后再申请".into(),
    ))
}

async fn batch_of(ctx: &Ctx, batch_id: BatchId) -> Result<zhike_state::BatchRow> {
    ctx.store().batch(batch_id.get()).await?.ok_or_else(|| Error::not_found("load", "批次"))
}

/// Purpose and reason as they are kept.
///
/// **Errors**: `bad_request` without a purpose, or for one that is not defined.
async fn asked(ctx: &Ctx, purpose: &str, reason: &str) -> Result<(String, String)> {
    let reason = words(reason)?;
    if purpose.trim().is_empty() {
        return Err(Error::bad_request(
            "an export needs a purpose: say what the data will be used for".into(),
            "导出必须填写用途：说明数据将用来做什么".into(),
        ));
    }
    Ok((consents::purpose(ctx, purpose).await?.code, reason))
}

fn said(is_zh: bool, zh: &str, en: &str) -> String {
    if is_zh { zh } else { en }.to_owned()
}

/// Words that a person gave, without personal data.
fn words(text: &str) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > MAX_CHARS || text.contains(|letter: char| letter.is_control() && letter != '\n') {
        return Err(Error::bad_request(
            format!("purpose and reason have at most {MAX_CHARS} characters"),
            format!("用途和理由最多 {MAX_CHARS} 个字"),
        ));
    }
    Ok(mask_text(text).unwrap_or_else(|| text.to_owned()))
}

/// JSON with personal data in its texts masked.
fn masked(json: &Json) -> Json {
    match json {
        Json::String(text) => Json::String(mask_text(text).unwrap_or_else(|| text.clone())),
        Json::Array(list) => list.iter().map(masked).collect(),
        Json::Object(object) => object.iter().map(|(key, value)| (key.clone(), masked(value))).collect(),
        other => other.clone(),
    }
}

fn heads_of(columns: &[columns::Column], is_zh: bool) -> Vec<Head> {
    let head = |column: &columns::Column| Head {
        key: column.key.clone(),
        label: said(is_zh, &column.label.0, &column.label.1),
        kind: column.kind,
    };
    columns.iter().map(head).collect()
}

async fn read_columns(ctx: &Ctx, keys: &[String]) -> Result<Vec<columns::Column>> {
    let usual: Vec<String> = columns::USUAL.iter().map(|key| (*key).to_owned()).collect();
    columns::read(ctx, if keys.is_empty() { &usual } else { keys }).await
}

async fn customers_of(ctx: &Ctx, request: Request, whom: &Whom, sort: Sort, keys: &[String]) -> Result<Export> {
    let columns = read_columns(ctx, keys).await?;
    let list = customers::order(ctx, whom, sort).await?;
    let sentence = segments::said(ctx, &list.rule).await?;
    let sentence = said(request.is_zh, &sentence.0, &sentence.1);
    let everybody = said(request.is_zh, "全部客户", "all customers");
    let as_of = segments::day_text(&list.bulk.as_of);
    let (rule, depends) = (list.rule.to_json(), print::of_rule(&list.rule));
    let mut ids = list.into_ids();
    let purpose = consents::purpose(ctx, &request.purpose).await?;
    let excluded = consents::allowed(ctx, &mut ids, &purpose).await?;
    Ok(Export {
        excluded,
        heads: heads_of(&columns, request.is_zh),
        n_rows: ids.len() as u64,
        title: said(request.is_zh, "客户", "Customers"),
        filters: if sentence.is_empty() { everybody } else { sentence },
        as_of: Some(as_of),
        request,
        subject: "customers".into(),
        rule,
        depends,
        source: From::Customers { ids, since: None, columns, at: 0 },
        mark: 0,
        marks: Marks::default(),
        n_marks: 0,
    })
}

async fn members_of(ctx: &Ctx, request: Request, segment: &str, keys: &[String]) -> Result<Export> {
    let segment = segments::get(ctx, segment).await?;
    let columns = read_columns(ctx, keys).await?;
    let members = ctx.lake().members(segment.id.get(), None).await?;
    let since: HashMap<i64, i64> =
        numbers(&members, "profile_id").into_iter().zip(numbers(&members, "since")).collect();
    let mut ids = segments::seen(ctx, &numbers(&members, "profile_id")).await?;
    // Of the purpose that the segment was made for as much as of the export's own.
    let mut excluded = Excluded::default();
    let own = consents::purpose_or_default(ctx, &segment.spec.purpose).await?;
    let asked = consents::purpose(ctx, &request.purpose).await?;
    for purpose in [&asked, &own] {
        excluded.add(consents::allowed(ctx, &mut ids, purpose).await?);
    }
    let since = ids.iter().filter_map(|id| since.get(id).copied()).collect();
    let mut heads = heads_of(&columns, request.is_zh);
    let label = said(request.is_zh, "进入分群时间", "member since");
    heads.push(Head { key: "since".into(), label, kind: ColumnType::Instant });
    let sentence = said(request.is_zh, &segment.sentence.0, &segment.sentence.1);
    let name = &segment.spec.name;
    Ok(Export {
        heads,
        n_rows: ids.len() as u64,
        title: if request.is_zh {
            format!("分群“{name}”的成员")
        } else {
            format!("Members of segment {name:?}")
        },
        filters: sentence,
        as_of: segment.run.as_ref().map(|run| crate::refresh::day_text(run.day)),
        excluded,
        subject: segment.id.to_string(),
        rule: json!({ "segment": segment.id.to_string(), "version": segment.version }),
        depends: vec![Depends::Segment(segment.id.to_string())],
        request,
        source: From::Customers { ids, since: Some(since), columns, at: 0 },
        mark: 0,
        marks: Marks::default(),
        n_marks: 0,
    })
}

/// Columns of orders that a file holds.
const ORDER: &[&str] = &[
    "order_id",
    "source",
    "ordered_at",
    "status",
    "kind",
    "channel",
    "store_id",
    "amount",
    "discount",
    "refunded_amount",
    "net_amount",
    "n_items",
    "coupon_id",
    "campaign_id",
];

async fn orders_of(ctx: &Ctx, request: Request, profile_id: ProfileId) -> Result<Export> {
    let purpose = consents::purpose(ctx, &request.purpose).await?;
    consents::allow(ctx, &profiles::current(ctx, profile_id.get()).await?, &purpose).await?;
    let found = profiles::all_orders(ctx, profile_id, 0, i32::MAX as usize).await?.orders;
    let table = tables::table("orders");
    let mut frame = Frame::new(found.n_rows());
    let mut heads = Vec::new();
    for key in ORDER {
        let Some(column) = table.and_then(|table| table.column(key)) else { continue };
        let label = field_of(Source::AllOrders, key).map(|field| field.label);
        let (zh, en) = label.unwrap_or_else(|| ((*key).to_owned(), (*key).to_owned()));
        heads.push(Head { key: (*key).to_owned(), label: said(request.is_zh, &zh, &en), kind: column.kind });
        let values = found.column(key).cloned().unwrap_or_else(|| Column::missing(column.kind, found.n_rows()));
        frame.set(key, column.kind, values);
    }
    Ok(Export {
        heads,
        n_rows: frame.n_rows() as u64,
        title: said(request.is_zh, "订单", "Orders"),
        filters: if request.is_zh { format!("客户 {profile_id}") } else { format!("customer {profile_id}") },
        as_of: None,
        excluded: Excluded::default(),
        subject: profile_id.to_string(),
        rule: Json::Null,
        depends: Vec::new(),
        request,
        source: From::Orders(Some(frame)),
        mark: 0,
        marks: Marks::default(),
        n_marks: 0,
    })
}

async fn quarantine_of(ctx: &Ctx, request: Request, batch_id: BatchId) -> Result<Export> {
    let batch = batch_of(ctx, batch_id).await?;
    let counts = quarantine::counts(ctx, batch_id).await?;
    let is_zh = request.is_zh;
    let head =
        |key: &str, zh: &str, en: &str, kind: ColumnType| Head { key: key.into(), label: said(is_zh, zh, en), kind };
    let heads = vec![
        head("row_no", "行号", "row", ColumnType::Int),
        head("reason_code", "原因代码", "reason code", ColumnType::Text),
        head("reason", "原因", "reason", ColumnType::Text),
        head("column_name", "列", "column", ColumnType::Text),
        head("detail", "细节", "detail", ColumnType::Text),
        head("status", "状态", "status", ColumnType::Text),
    ];
    let file = mask_text(&batch.file_name).unwrap_or(batch.file_name);
    Ok(Export {
        heads,
        n_rows: counts.iter().map(|(_, n)| u64::try_from(*n).unwrap_or(0)).sum(),
        title: said(is_zh, "隔离行", "Rows set aside"),
        filters: if is_zh { format!("批次 {batch_id}（{file}）") } else { format!("load {batch_id} ({file})") },
        as_of: None,
        excluded: Excluded::default(),
        subject: batch_id.to_string(),
        rule: Json::Null,
        depends: Vec::new(),
        request,
        source: From::Quarantine { batch_id, after: None, is_zh, is_done: false },
        mark: 0,
        marks: Marks::default(),
        n_marks: 0,
    })
}

fn quarantined(rows: &[quarantine::QuarantineRow], is_zh: bool) -> Frame {
    fn texts<'a>(of: impl Iterator<Item = Option<&'a str>>) -> Column {
        Column::Text(of.collect::<TextColumn>())
    }
    let reason =
        |code: &str| Reason::from_code(code).map(|reason| if is_zh { reason.help_zh() } else { reason.help_en() });
    let numbers: NumColumn = rows.iter().map(|row| Some(row.row_no)).collect();
    Frame::new(rows.len())
        .with("row_no", ColumnType::Int, Column::Num(numbers))
        .with("reason_code", ColumnType::Text, texts(rows.iter().map(|row| Some(row.reason_code.as_str()))))
        .with("reason", ColumnType::Text, texts(rows.iter().map(|row| reason(&row.reason_code))))
        .with("column_name", ColumnType::Text, texts(rows.iter().map(|row| row.column_name.as_deref())))
        .with("detail", ColumnType::Text, texts(rows.iter().map(|row| row.detail.as_deref())))
        .with("status", ColumnType::Text, texts(rows.iter().map(|row| Some(row.status.as_str()))))
}
