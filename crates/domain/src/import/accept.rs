//! Reading rows by a mapping: every row is accepted, rejected with a reason, or a line that is no row.
//!
//! Columns are read one after the other, each by a reader chosen before the first row; then the rows are finished by
//! entity ([`super::orders`], [`super::people`], [`super::facts`]). What an acceptor remembers between batches (the order
//! above, the value above, the end of the table) makes any cut of a file into batches give the same rows
//! (INV-IMPORT-2).
//!
//! Frames hold the targets that the file has, under their names, and always:
//! `order_lines`: `status`, `kind`, `product_kind`, `quantity`, `amount`, `is_refund`; money of the order that is repeated
//! on its lines stands in `order_amount`, `order_discount` and `refunded_amount` and counts once per order, money of the
//! line in `amount`, `discount` and `line_refunded_amount` and adds up. `orders`: `status`, `kind`, `discount`,
//! `refunded_amount`, `net_amount`. `profiles`: `kind`. A document's `refund_of` and a line's `line_id` are there when the
//! file has them. Rows of entities whose id the file does not give carry
//! `content_key`, personal because it is made of the whole row: ids made from it must be keyed.

use std::collections::{BTreeMap, HashMap};

use super::entity::{Entity, IdentityKind, Target, TargetKind, targets};
use super::layout::{could_be_skipped, is_closing_line, is_skipped_line};
use super::mapping::{CONSENT, Log, Mapping, Problem, RATE_PLACES, TRAITS};
use super::products::NonProducts;
use super::read::{How, Source, masked};
use super::said::{self, Said};
use super::shape::strip_marks;
use super::slot::{FillDown, Slot, fill_down};
use super::work::{Label, Notes, Work, shown};
use super::{facts, orders, people};
use crate::clean::number::{format_decimal, parse_decimal};
use crate::clean::status::OrderStatus;
use crate::clean::time::TimeReader;
use crate::clean::{Reason, Rule, RuleSet};
use crate::frame::{Frame, NumColumn, TextColumn};
use crate::raw::RawBatch;

/// What became of a batch.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The accepted rows; personal columns are [`crate::frame::Column::Sensitive`], identity columns always are.
    pub frame: Frame,
    /// Position in the file of each accepted row.
    pub row_no: Vec<u64>,
    /// The rows that cannot be loaded.
    pub rejects: Vec<Reject>,
    /// Changes that are logged value by value, on accepted rows.
    pub changes: Vec<Change>,
    /// How often each rule fired on each column, on accepted rows.
    pub counts: BTreeMap<(Rule, String), u64>,
    /// Lines that were no rows.
    pub n_skipped_lines: u64,
    /// The texts of the first of them, blank lines excluded, personal data masked.
    pub skipped_lines: Vec<String>,
}

/// A row that cannot be loaded as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Position in the batch.
    pub row: usize,
    /// Position in the file.
    pub row_no: u64,
    /// Why.
    pub reason: Reason,
    /// Target or header at fault.
    pub column: Option<String>,
    /// The value at fault; of a personal column only its form.
    pub detail: String,
}

/// A value that cleaning changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Position of the row in the file.
    pub row_no: u64,
    /// Target, or header of a trait.
    pub column: String,
    /// The rule that fired.
    pub rule: Rule,
    /// Value before, masked when personal.
    pub before: String,
    /// Value after, masked when personal.
    pub after: String,
}

/// A column that goes to the rest of the row.
struct Rest {
    column: usize,
    label: u16,
    /// `"header":`, as it stands in JSON.
    key: String,
}

/// Settings that finishing rows needs.
pub(super) struct Plan {
    pub entity: Entity,
    pub zone_reader: TimeReader,
    pub non_products: NonProducts,
    pub refund_prefixes: Vec<String>,
    pub adjustment_prefixes: Vec<String>,
    /// Currency of amounts that name none.
    pub currency: String,
    /// Currency of the workspace.
    pub workspace_currency: String,
    /// Rates to the workspace currency, at [`RATE_PLACES`].
    pub rates: HashMap<String, i64>,
    pub now_us: i64,
    /// What feedback without a kind of its own is.
    pub default_kind: &'static str,
}

/// Reads the rows of one file by its mapping.
pub struct Acceptor {
    plan: Plan,
    slots: Vec<Slot>,
    rests: Vec<Rest>,
    said: Vec<Said>,
    labels: Vec<Label>,
    off: RuleSet,
    log_all: bool,
    fill_down: Option<FillDown>,
    has_learnt: bool,
    has_ended: bool,
    unmapped: Vec<String>,
    needs_content_key: bool,
}

impl Acceptor {
    /// An acceptor for a file of this header. Amounts are taken for the workspace currency unless
    /// [`Acceptor::in_currency`] says otherwise or the mapping has a rate for its own currency.
    ///
    /// # Errors
    /// What is wrong with the mapping, or which of its columns the file does not have.
    pub fn new(mapping: &Mapping, header: &[String], now_us: i64) -> Result<Self, Vec<Problem>> {
        mapping.validate()?;
        let mut problems = Vec::new();
        let entity = mapping.entity;
        let position = |name: &str| header.iter().position(|known| known == name);
        let mut labels: Vec<Label> = Vec::new();
        for target in targets(entity) {
            labels.push(Label { name: target.name.to_owned(), is_personal: target.personal });
        }
        for name in ["content_key", "product_kind", "order"] {
            labels.push(Label { name: name.to_owned(), is_personal: name == "content_key" });
        }
        let mut slots: Vec<Slot> = Vec::new();
        let mut rests = Vec::new();
        let mut said = Vec::new();
        let mut times: Vec<usize> = Vec::new();
        for (at, column) in mapping.columns.iter().enumerate() {
            let Some(name) = column.target_name() else { continue };
            let Some(file_column) = position(&column.header) else {
                problems.push(Problem::new(
                    format!("columns[{at}].header"),
                    format!("文件中没有列 {:?}", column.header),
                    format!("the file has no column {:?}", column.header),
                ));
                continue;
            };
            if name == TRAITS {
                let key = format!("{}:", serde_json::Value::from(column.header.as_str()));
                rests.push(Rest { column: file_column, label: labels.len() as u16, key });
                labels.push(Label { name: column.header.clone(), is_personal: false });
                continue;
            }
            if let (CONSENT, Some(consent)) = (name, &column.consent) {
                let when = consent.at.as_deref().map(position);
                if when == Some(None) {
                    let header = consent.at.as_deref().unwrap_or_default();
                    let (zh, en) = (format!("文件中没有列 {header:?}"), format!("the file has no column {header:?}"));
                    problems.push(Problem::new(format!("columns[{at}].consent.at"), zh, en));
                    continue;
                }
                let (consent, label) = (consent.clone(), labels.len() as u16);
                said.push(Said { consent, column: file_column, at: when.flatten(), label });
                labels.push(Label { name: column.header.clone(), is_personal: false });
                continue;
            }
            let Some(target_at) = targets(entity).iter().position(|target| target.name == name) else { continue };
            let target = &targets(entity)[target_at];
            if target.kind == TargetKind::Time {
                times.push(file_column);
                continue;
            }
            let label = target_at as u16;
            let how = match how(mapping, target, column, now_us) {
                Ok(how) => how,
                Err(problem) => {
                    problems.push(Problem::new(format!("columns[{at}]"), problem.clone(), problem));
                    continue;
                }
            };
            let source = Source { column: file_column, time_column: None, label, how };
            match slots.iter_mut().find(|slot| slot.target.name == target.name) {
                Some(slot) => slot.sources.push(source),
                None => slots.push(Slot::new(target, label, source, &mapping.rules)),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        if let (Some(main), Some(&time)) = (entity.fact_time(), times.first())
            && let Some(slot) = slots.iter_mut().find(|slot| slot.target.name == main)
        {
            slot.sources[0].time_column = Some(time);
        }
        let zone_reader = TimeReader::new(&mapping.zone, mapping.date_order)
            .map_err(|error| vec![Problem::new("zone", error.to_string(), error.to_string())])?;
        let non_products = NonProducts::parse(&mapping.rules.non_products)
            .map_err(|at| vec![Problem::new(format!("rules.non_products[{at}]"), "无法识别", "cannot be read")])?;
        let rates = mapping
            .rates
            .iter()
            .filter_map(|(code, rate)| {
                Some((code.clone(), parse_decimal(rate, RATE_PLACES, &mut RuleSet::default()).ok()?))
            })
            .collect();
        let off = mapping.rules.off();
        let fill_down = (mapping.fill_down && !off.contains(Rule::FillDown)).then(|| fill_down(&slots)).flatten();
        let unmapped = header
            .iter()
            .filter(|name| !mapping.columns.iter().any(|column| column.header == **name))
            .cloned()
            .collect();
        let id_target = match entity {
            Entity::Events => Some("event_id"),
            Entity::Interactions => Some("interaction_id"),
            Entity::Feedback => Some("feedback_id"),
            Entity::Touches => Some("touch_id"),
            _ => None,
        };
        let needs_content_key = id_target.is_some_and(|name| !slots.iter().any(|slot| slot.target.name == name));
        // A currency with a rate is a foreign one; which is home is then told by in_currency.
        let workspace_currency =
            if mapping.rates.contains_key(&mapping.currency) { String::new() } else { mapping.currency.clone() };
        let default_kind = default_kind(mapping);
        Ok(Self {
            plan: Plan {
                entity,
                zone_reader,
                non_products,
                refund_prefixes: mapping.rules.refund_prefixes.clone(),
                adjustment_prefixes: mapping.rules.adjustment_prefixes.clone(),
                currency: mapping.currency.clone(),
                workspace_currency,
                rates,
                now_us,
                default_kind,
            },
            slots,
            rests,
            said,
            labels,
            off,
            log_all: mapping.rules.log == Log::All,
            fill_down,
            has_learnt: false,
            has_ended: false,
            unmapped,
            needs_content_key,
        })
    }

    /// Says which currency the workspace counts in; amounts in others are converted by the mapping's rates.
    #[must_use]
    pub fn in_currency(mut self, workspace: &str) -> Self {
        workspace.clone_into(&mut self.plan.workspace_currency);
        self
    }

    /// Columns of the file that the mapping does not name.
    pub fn unmapped(&self) -> &[String] {
        &self.unmapped
    }

    /// Whether rules need the whole column first (means, medians, limits): pass every batch to [`Acceptor::learn`]
    /// before the first to [`Acceptor::accept`].
    pub fn wants_learning(&self) -> bool {
        !self.has_learnt && self.slots.iter().any(Slot::wants_learning)
    }

    /// Learns from a batch what the rules need to know.
    pub fn learn(&mut self, raw: &RawBatch) {
        let labels = std::mem::take(&mut self.labels);
        let mut work = Work::new(&raw.row_no, &labels, self.off, false);
        let mut has_ended = false;
        skip_lines(&raw.columns, &mut work, &mut has_ended);
        let missing: TextColumn = std::iter::repeat_n(None, work.n_rows).collect();
        let mut cells: Vec<&TextColumn> = raw.columns.iter().collect();
        cells.resize(cells.len().max(self.width()), &missing);
        for slot in self.slots.iter_mut().filter(|slot| slot.wants_learning()) {
            slot.learn(&cells, &mut work);
        }
        self.labels = labels;
    }

    /// Reads a batch.
    ///
    /// # Panics
    /// When a column of the batch is not as long as its row numbers.
    pub fn accept(&mut self, raw: &RawBatch) -> Accepted {
        if !self.has_learnt {
            self.has_learnt = true;
            self.slots.iter_mut().for_each(Slot::conclude);
        }
        let n_rows = raw.n_rows();
        let missing: TextColumn = if self.width() > raw.columns.len() {
            std::iter::repeat_n(None, n_rows).collect()
        } else {
            TextColumn::default()
        };
        let mut cells: Vec<&TextColumn> = raw.columns.iter().collect();
        cells.resize(cells.len().max(self.width()), &missing);
        let labels = std::mem::take(&mut self.labels);
        let mut work = Work::new(&raw.row_no, &labels, self.off, self.log_all);
        let (n_skipped_lines, skipped_lines) = skip_lines(&raw.columns, &mut work, &mut self.has_ended);
        let is_skipped = work.is_out.clone();
        let filled = self.fill_down.as_mut().map(|down| down.fill(&cells, &mut work)).unwrap_or_default();
        for (column, filled) in &filled {
            cells[*column] = filled;
        }
        for slot in &mut self.slots {
            slot.read(&cells, &mut work);
        }
        for slot in &mut self.slots {
            slot.settle(&mut work);
        }
        said::read(&self.said, &cells, &mut self.plan, &mut work);
        match self.plan.entity {
            Entity::Orders => orders::finish_orders(&mut self.plan, &mut work),
            Entity::OrderLines | Entity::OrderItems => orders::finish_lines(&mut self.plan, &mut work),
            Entity::Products => orders::finish_products(&mut self.plan, &mut work),
            Entity::Profiles => people::finish(&mut self.plan, &mut work),
            _ => facts::finish(&mut self.plan, &mut work),
        }
        self.write_rest(&cells, &mut work);
        if self.needs_content_key {
            write_content_key(&raw.columns, &mut work);
        }
        for target in targets(self.plan.entity).iter().filter(|target| target.required) {
            work.require(target.name);
        }
        let Notes { mut frame, is_out, rejects, counts, changes } = work.into_notes();
        self.labels = labels;
        let mut row_no = raw.row_no.clone();
        if is_out.contains(&true) {
            let keep: Vec<bool> = is_out.iter().map(|out| !out).collect();
            frame = frame.filter(&keep);
            row_no = row_no.into_iter().zip(&keep).filter_map(|(row_no, &keep)| keep.then_some(row_no)).collect();
        }
        debug_assert_eq!(is_skipped.iter().filter(|skipped| **skipped).count() + rejects.len() + row_no.len(), n_rows);
        Accepted { frame, row_no, rejects, changes, counts, n_skipped_lines, skipped_lines }
    }

    /// Columns that readers reach for.
    fn width(&self) -> usize {
        let of_slots = self.slots.iter().flat_map(|slot| &slot.sources);
        let of_slots = of_slots.flat_map(|source| [Some(source.column), source.time_column]).flatten();
        let of_said = self.said.iter().flat_map(|said| [Some(said.column), said.at]).flatten();
        of_slots.chain(self.rests.iter().map(|rest| rest.column)).chain(of_said).max().map_or(0, |last| last + 1)
    }

    /// Writes what has no column of its own as JSON: further columns under their headers, some targets under their names.
    fn write_rest(&self, cells: &[&TextColumn], work: &mut Work<'_>) {
        let mut columns: Vec<(String, TextColumn)> = Vec::new();
        for target in targets(self.plan.entity).iter().filter(|target| target.is_trait()) {
            let Some(column) = work.take_num(target.name) else { continue };
            let texts = match target.kind {
                TargetKind::Instant => column.iter().map(|value| value.map(instant_text)).collect::<Vec<_>>(),
                _ => column.iter().map(|value| value.map(|value| format_decimal(value, 2))).collect(),
            };
            columns.push((format!("\"{}\":", target.name), texts.iter().map(Option::as_deref).collect()));
        }
        for rest in &self.rests {
            columns.push((rest.key.clone(), rest_column(cells[rest.column], rest.label, work)));
        }
        if columns.is_empty() {
            return;
        }
        let mut json = TextColumn::with_capacity(work.n_rows, work.n_rows * 16 * columns.len());
        for row in 0..work.n_rows {
            let mut separator = "{";
            for (key, column) in &columns {
                if let Some(value) = column.get(row) {
                    json.push_part(separator);
                    json.push_part(key);
                    push_json(&mut json, value);
                    separator = ",";
                }
            }
            let is_present = separator == ",";
            if is_present {
                json.push_part("}");
            }
            json.end_value(is_present);
        }
        work.set_text(self.plan.entity.rest_column(), json);
    }
}

fn push_json(json: &mut TextColumn, value: &str) {
    if value.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        json.push_part("\"");
        json.push_part(value);
        json.push_part("\"");
    } else {
        json.push_part(&serde_json::Value::from(value).to_string());
    }
}

fn rest_column(cells: &TextColumn, label: u16, work: &mut Work<'_>) -> TextColumn {
    let mut column = TextColumn::with_capacity(work.n_rows, cells.n_bytes());
    let (mut scratch, mut fired) = (String::new(), RuleSet::default());
    for row in 0..work.n_rows {
        let raw = cells.get(row).filter(|raw| !raw.is_empty() && !work.is_out[row]);
        let text = raw.and_then(|raw| crate::clean::cell::clean(raw, &mut scratch, &mut fired));
        match text.map(|text| (text, masked(text))) {
            Some((_, Some(masked))) => {
                fired.insert(Rule::PersonalMasked);
                work.fire(row, label, fired, &masked, Some(&masked));
                column.push(Some(&masked));
            }
            other => {
                let text = other.map(|(text, _)| text);
                if !fired.is_empty() {
                    work.fire(row, label, fired, raw.unwrap_or(""), text);
                }
                column.push(text);
            }
        }
        fired.clear();
    }
    column
}

/// An instant as RFC 3339 text in UTC.
fn instant_text(us: i64) -> String {
    let (day, of_day) = (us.div_euclid(86_400_000_000), us.rem_euclid(86_400_000_000) / 1_000_000);
    let (year, month, day) = super::read::civil(day);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

/// Fingerprint of each row's cells. Rows of the same content have the same, so it is as personal as they are.
fn write_content_key(columns: &[TextColumn], work: &mut Work<'_>) {
    let mut keys = TextColumn::with_capacity(work.n_rows, work.n_rows * 32);
    let mut content = Vec::new();
    for row in 0..work.n_rows {
        content.clear();
        for column in columns {
            content.extend_from_slice(column.get(row).map_or("", strip_marks).as_bytes());
            content.push(0x1f);
        }
        keys.push(Some(&format!("{:032x}", xxhash_rust::xxh3::xxh3_128(&content))));
    }
    work.set_sensitive("content_key", keys);
}

/// Marks the lines that are no rows.
fn skip_lines(columns: &[TextColumn], work: &mut Work<'_>, has_ended: &mut bool) -> (u64, Vec<String>) {
    let (mut n_skipped, mut texts) = (0, Vec::new());
    let mut cells: Vec<&str> = Vec::with_capacity(columns.len());
    for row in 0..work.n_rows {
        let mut is_skipped = *has_ended;
        if !is_skipped {
            let mut values = columns.iter().filter_map(|column| column.get(row)).filter(|cell| !cell.is_empty());
            match values.next() {
                // The usual row starts with a plain cell that no total or footer starts with.
                Some(first) if !could_be_skipped(first) => continue,
                _ => {}
            }
            cells.clear();
            cells.extend(columns.iter().map(|column| column.get(row).unwrap_or("")));
            is_skipped = is_skipped_line(&cells);
            *has_ended = is_skipped && is_closing_line(&cells);
        }
        if is_skipped {
            work.is_out[row] = true;
            n_skipped += 1;
            let filled: Vec<&str> = columns
                .iter()
                .filter_map(|column| column.get(row))
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect();
            if !filled.is_empty() && texts.len() < 20 {
                texts.push(shown(&filled.join(" ")).into_owned());
            }
        }
    }
    (n_skipped, texts)
}

fn how(mapping: &Mapping, target: &Target, column: &super::ColumnMapping, now_us: i64) -> Result<How, String> {
    let reader = || {
        let order = column.date_order.unwrap_or(mapping.date_order);
        TimeReader::new(&mapping.zone, order).map(Box::new).map_err(|error| error.to_string())
    };
    let unit = column.unit.unwrap_or_default();
    let words = || {
        mapping
            .status_words
            .iter()
            .map(|(word, &status)| (word.clone(), status))
            .collect::<Vec<(String, OrderStatus)>>()
    };
    let is_customer_list = mapping.entity == Entity::Profiles;
    Ok(match target.kind {
        TargetKind::Id => How::Id,
        TargetKind::Text | TargetKind::Province | TargetKind::City => How::Text,
        TargetKind::FreeText if mapping.entity == Entity::Feedback => How::Comment,
        TargetKind::FreeText => How::FreeText,
        TargetKind::Money => How::Money { unit, places: 2 },
        TargetKind::Price => How::Money { unit, places: 4 },
        TargetKind::Quantity => How::Quantity,
        TargetKind::Int => How::Int,
        TargetKind::Float => How::Score,
        TargetKind::Instant => How::Instant {
            reader: reader()?,
            // The end of a campaign may lie ahead; facts may not.
            future: if mapping.entity == Entity::Campaigns {
                super::mapping::FutureTime::Keep
            } else {
                mapping.rules.future_time
            },
            latest_us: now_us,
            or_duration: target.name == "first_reply_at",
        },
        TargetKind::Day => How::Day { reader: reader()? },
        TargetKind::Birthday => How::Birthday { reader: reader()? },
        TargetKind::Status => How::Status { words: words() },
        TargetKind::RefundState => How::RefundState { words: words() },
        TargetKind::Gender => How::Gender,
        TargetKind::Name => How::Name,
        TargetKind::Address => How::Address,
        TargetKind::Bool => How::Bool,
        TargetKind::Currency => How::Currency,
        TargetKind::Phone => How::Identity { kind: IdentityKind::Phone, is_customer_list },
        TargetKind::Email => How::Identity { kind: IdentityKind::Email, is_customer_list },
        TargetKind::IdNumber => How::Identity { kind: IdentityKind::IdNumber, is_customer_list },
        TargetKind::IdentityValue(kind) => How::Identity { kind, is_customer_list },
        TargetKind::Time => return Err("a time of day has no column of its own".to_owned()),
    })
}

/// What feedback is, or became of a message, when no column says so: by the header of its score, or of its time.
fn default_kind(mapping: &Mapping) -> &'static str {
    if mapping.entity == Entity::Touches {
        let time = mapping.columns.iter().find(|column| column.target_name() == Some("at"));
        let header = time.map(|column| column.header.to_lowercase()).unwrap_or_default();
        let is_redeemed = ["redemption", "redeem", "核销"].iter().any(|word| header.contains(word));
        return if is_redeemed { "converted" } else { "sent" };
    }
    let score = mapping.columns.iter().find(|column| column.target_name() == Some("score"));
    let header = score.map(|column| column.header.to_lowercase()).unwrap_or_default();
    if header.contains("nps") || header.contains("推荐") {
        "nps"
    } else if header.contains("满意") || header.contains("csat") || header.contains("satisfaction") {
        "csat"
    } else {
        "review"
    }
}

/// A column of zeros or missing values.
pub(super) fn constant(value: Option<i64>, n_rows: usize) -> NumColumn {
    std::iter::repeat_n(value, n_rows).collect()
}
