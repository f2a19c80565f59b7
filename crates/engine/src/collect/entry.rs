//! One request in the log.
//!
//! Version (1 byte, `1`) · source (8, little-endian) · arrival (8) · items: kind (1: `M`, `R`) · length of the head (4) ·
//! head · length of the body (4) · body. Of a message the head is the list of its violations as JSON, empty for none, and
//! the body [`Message::to_log`]; of a reject the head is `{"c": code, "f": field, "v": [violations]}` and the body the
//! record. The log seals the whole.

use serde::{Deserialize, Serialize};
use zhike_domain::collect::message::Message;
use zhike_domain::collect::reject::RejectCode;
use zhike_domain::sensitive::Sensitive;

const VERSION: u8 = b'1';
/// A request longer than this is written as several records, which become durable together.
const RECORD_BYTES: usize = 1 << 20;

/// The records of a request, or a part of them.
#[derive(Debug, PartialEq)]
pub(crate) struct Entry {
    /// Who sent them.
    pub(crate) source_id: i64,
    /// When they arrived, in microseconds.
    pub(crate) arrived_at: i64,
    pub(crate) items: Vec<Item>,
}

/// One record.
#[derive(Debug, PartialEq)]
pub(crate) enum Item {
    /// Taken.
    Message {
        message: Box<Message>,
        /// `code path` each.
        violations: Vec<String>,
    },
    /// Not taken.
    Rejected { code: RejectCode, field: String, violations: Vec<String>, record: Sensitive<String> },
}

#[derive(Serialize, Deserialize)]
struct Head {
    c: RejectCode,
    #[serde(default)]
    f: String,
    #[serde(default)]
    v: Vec<String>,
}

impl Entry {
    /// The log's records, personal values in the clear: the log seals them.
    pub(crate) fn to_records(&self) -> Vec<Vec<u8>> {
        let mut records = Vec::new();
        let mut current = Vec::new();
        for item in &self.items {
            if current.is_empty() {
                current.push(VERSION);
                current.extend_from_slice(&self.source_id.to_le_bytes());
                current.extend_from_slice(&self.arrived_at.to_le_bytes());
            }
            item.write(&mut current);
            if current.len() >= RECORD_BYTES {
                records.push(std::mem::take(&mut current));
            }
        }
        if !current.is_empty() {
            records.push(current);
        }
        records
    }

    /// Reads a record of the log; `None` when it is none, or of a newer version. An item that is damaged is left out.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (&version, rest) = bytes.split_first()?;
        if version != VERSION {
            return None;
        }
        let (&source_id, rest) = rest.split_first_chunk()?;
        let (&arrived_at, mut rest) = rest.split_first_chunk()?;
        let mut entry = Self {
            source_id: i64::from_le_bytes(source_id),
            arrived_at: i64::from_le_bytes(arrived_at),
            items: Vec::new(),
        };
        while let Some((&kind, after)) = rest.split_first() {
            let (head, after) = part(after)?;
            let (body, after) = part(after)?;
            rest = after;
            match read_item(kind, head, body) {
                Some(item) => entry.items.push(item),
                None => tracing::error!("an item of the event log does not read and is left out"),
            }
        }
        Some(entry)
    }
}

impl Item {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Message { message, violations } => {
                out.push(b'M');
                let head = if violations.is_empty() { Vec::new() } else { json(violations) };
                write_part(out, |out| out.extend_from_slice(&head));
                write_part(out, |out| message.to_log(out));
            }
            Self::Rejected { code, field, violations, record } => {
                out.push(b'R');
                let head = json(&Head { c: *code, f: field.clone(), v: violations.clone() });
                write_part(out, |out| out.extend_from_slice(&head));
                write_part(out, |out| out.extend_from_slice(record.expose().as_bytes()));
            }
        }
    }
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn write_part(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let n_bytes = u32::try_from(out.len() - at - 4).unwrap_or(u32::MAX);
    out[at..at + 4].copy_from_slice(&n_bytes.to_le_bytes());
}

fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&n_bytes, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(n_bytes) as usize)
}

fn read_item(kind: u8, head: &[u8], body: &[u8]) -> Option<Item> {
    match kind {
        b'M' => {
            let violations = if head.is_empty() { Vec::new() } else { serde_json::from_slice(head).ok()? };
            Some(Item::Message { message: Box::new(Message::from_log(body).ok()?), violations })
        }
        b'R' => {
            let Head { c, f, v } = serde_json::from_slice(head).ok()?;
            let record = Sensitive::new(String::from_utf8(body.to_vec()).ok()?);
            Some(Item::Rejected { code: c, field: f, violations: v, record })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use zhike_domain::collect::message::{Dialect, Kind};

    use super::*;

    #[test]
    fn a_request_reads_back_and_long_ones_are_split() {
        let message = |id: String| Item::Message {
            message: Box::new(Message::new(Dialect::Segment, Kind::Track, id, 5)),
            violations: vec!["undeclared_event event".into()],
        };
        let reject = |n: usize| Item::Rejected {
            code: RejectCode::TooOld,
            field: "timestamp".into(),
            violations: Vec::new(),
            record: Sensitive::new("x".repeat(n)),
        };
        let entry = Entry { source_id: 7, arrived_at: 9, items: vec![message("a".into()), reject(3)] };
        let records = entry.to_records();
        assert_eq!(records.len(), 1);
        assert_eq!(Entry::read(&records[0]).unwrap(), entry);
        let entry = Entry { source_id: 7, arrived_at: 9, items: vec![reject(900_000), reject(200_000), reject(5)] };
        let records = entry.to_records();
        assert_eq!(records.len(), 2);
        let items: Vec<Item> = records.iter().flat_map(|record| Entry::read(record).unwrap().items).collect();
        assert_eq!(items, entry.items);
        for cut in 0..records[1].len() {
            let _ = Entry::read(&records[1][..cut]);
        }
        assert!(Entry::read(b"2").is_none() && Entry::read(b"").is_none());
    }
}
