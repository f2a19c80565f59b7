//! The receipt: counts in words, limits said openly, sealed.

use std::collections::BTreeMap;

use zhike_domain::erasure::{Check, Count, Receipt, Sealed};
use zhike_domain::id::{ErasureId, ProfileId, RequestId};
use zhike_domain::signed::Kind;
use zhike_state::LedgerRow;
use zhike_vault::PublicKey;

use crate::backup::hex;
use crate::{Ctx, Error, Result};

const ALGORITHM: &str = "HMAC-SM3";
const PURPOSE: &str = "erasure receipt";

const LIMITS: [(&str, &str); 5] = [
    (
        "本系统之外的副本不在此内：导入前的原始文件、已交给他人的导出文件、短信等下游系统、数据库服务器自身的日志与归档",
        "copies outside this system are not covered: files as they were before import, exports that were handed out, systems \
         that data were sent to, logs and archives of a database server",
    ),
    (
        "此前备份中的个人信息随密钥销毁而无法解读；恢复旧备份时会按销毁台账再次销毁。备份中的隔离行按导入批次加密，恢复时一并删除。\
         若有人另存了当时的整个密钥目录，则不在此内",
        "personal values in earlier backups cannot be read without the key; a restored backup is erased again by the ledger. \
         Rows set aside are sealed by load, and go from a backup when it is restored. A whole copy of the key directory that \
         somebody kept apart is not covered",
    ),
    (
        "审计记录与请求登记按法定义务保留，仅含化名编号与时间；清洗日志只含文件行号与脱敏值，不指向任何人",
        "the audit trail and the register of requests stay by law, with pseudonyms and times alone; the log of cleaning holds \
         row numbers and masked values that lead to nobody",
    ),
    (
        "不保留“禁止再收集”名单：此后再次提供的信息会成为与以往无关联的新客户",
        "no list of people who must not come back is kept: whoever hands in data again is somebody new, connected with nothing",
    ),
    (
        "数字签名（Ed25519）可用本安装的公钥在任何机器上验证（zhike erase verify 凭证 --public-key 公钥），证明凭证由持有该密钥者签发且未被\
         改动；公钥须从可信渠道取得。它不是第三方认证机构或时间戳服务的签名；签章（HMAC-SM3）只能用本数据目录的密钥验证",
        "the signature (Ed25519) can be checked anywhere with this installation's public key (zhike erase verify RECEIPT \
         --public-key KEY): it shows that whoever has the key made the receipt and nobody changed it; get the public key from a \
         source you trust. It is no signature of a certification or time-stamping authority; the seal (HMAC-SM3) can be checked \
         with the keys of this data directory alone",
    ),
];

/// Writes the receipt of an erasure.
pub(super) fn write(row: &LedgerRow, counts: &BTreeMap<String, u64>, checks: Vec<Check>, ended_at: i64) -> Receipt {
    let (kept, removed): (Vec<_>, Vec<_>) = counts.iter().partition(|(place, _)| place.starts_with("kept."));
    let count = |(place, n): (&String, &u64)| {
        let (zh, en) = words(place);
        Count { place: place.clone(), zh, en, n: *n }
    };
    let mut limits: Vec<(&str, &str)> = LIMITS.to_vec();
    if checks.iter().all(|check| check.what != "bytes") {
        limits.push((
            "执行过程曾中断，密钥已先行销毁，因此无法再按原值逐字节查找，只按编号核对",
            "the erasure was interrupted after the key was destroyed, so values could not be searched for any more: ids were",
        ));
    }
    Receipt {
        format: Receipt::FORMAT.to_owned(),
        erasure_id: ErasureId::new(row.erasure_id).to_string(),
        profile_id: ProfileId::new(row.profile_id).to_string(),
        request_id: row.request_id.map(|id| RequestId::new(id).to_string()),
        approved_by: row.approved_by.clone(),
        approved_at: instant(row.at),
        finished_at: instant(ended_at),
        ledger_seq: row.seq,
        ledger_hash: hex(&row.hash),
        removed: removed.into_iter().map(count).collect(),
        kept: kept.into_iter().map(count).collect(),
        checks,
        limits_zh: limits.iter().map(|(zh, _)| (*zh).to_owned()).collect(),
        limits_en: limits.iter().map(|(_, en)| (*en).to_owned()).collect(),
    }
}

fn instant(us: i64) -> String {
    jiff::Timestamp::from_microsecond(us).unwrap_or_default().to_string()
}

/// A place in words.
fn words(place: &str) -> (String, String) {
    let (kind, table) = place.split_once('.').unwrap_or((place, ""));
    let (zh, en) = match table {
        "" => return ("销毁的个人密钥".into(), "keys of the person destroyed".into()),
        "profiles" => ("客户档案", "profiles"),
        "profile_fields" => ("个人信息字段", "personal fields"),
        "identities" => ("标识与盲索引", "identities with their blind indexes"),
        "identity_edges" | "identity_bonds" | "identity_claims" | "identity_decisions" | "identity_matches" => {
            ("标识之间的关联", "links between identities")
        }
        "identity_fields" | "identity_traits" | "identity_stated" => ("各来源陈述的属性", "what sources stated"),
        "identity_homes" | "profile_overrides" | "profile_override_spans" => ("归属记录", "records of whose rows are"),
        "consents" => ("同意记录", "statements of consent"),
        "manual_tags" => ("手工标签", "tags put by hand"),
        "session_stretches" | "session_moves" => ("访问时段", "visits"),
        "live_registers" => ("订单登记", "registers of orders"),
        "bindings" => ("绑定二维码", "codes to be scanned"),
        "canaries" => ("监测标记", "marks of who is watched over"),
        "holds" => ("已解除的保全", "holds that were lifted"),
        "quarantine" => ("隔离行", "rows set aside"),
        "events" => ("行为事件", "events"),
        "orders" => ("订单", "orders"),
        "order_items" => ("订单明细", "lines of orders"),
        "refunds" => ("退款", "refunds"),
        "interactions" => ("服务记录", "service contacts"),
        "feedback" => ("反馈", "feedback"),
        "touches" => ("触达记录", "messages sent"),
        "rfm" => ("RFM 分值", "RFM scores"),
        "tags" => ("标签", "tags"),
        "segment_members" => ("分群成员", "memberships of segments"),
        other => (other, other),
    };
    match kind {
        "kept" => (format!("{zh}（依法留存，已去除本人）"), format!("{en}, kept by law without the person")),
        _ => (zh.to_owned(), en.to_owned()),
    }
}

/// Seals and signs a receipt.
pub(super) fn seal(ctx: &Ctx, receipt: Receipt) -> Result<Sealed> {
    let seal = hex(&ctx.vault().seal_document(PURPOSE, &Sealed::sealed_bytes(&receipt)));
    let mut sealed = Sealed { receipt, algorithm: ALGORITHM.to_owned(), seal, signature: None };
    sealed.signature = Some(ctx.vault().sign(Kind::Receipt, &json(&sealed)?));
    Ok(sealed)
}

/// Whether a receipt is as it was sealed here.
pub(super) fn is_sealed(ctx: &Ctx, sealed: &Sealed) -> bool {
    let seal = hex(&ctx.vault().seal_document(PURPOSE, &Sealed::sealed_bytes(&sealed.receipt)));
    sealed.algorithm == ALGORITHM && seal == sealed.seal
}

/// Whether a key signed a receipt; `None` when it has no signature.
pub(super) fn is_signed(key: &PublicKey, sealed: &Sealed) -> Result<Option<bool>> {
    Ok(key.check(Kind::Receipt, &json(sealed)?))
}

fn json(sealed: &Sealed) -> Result<serde_json::Value> {
    serde_json::to_value(sealed).map_err(|error| Error::bug("a receipt as JSON", error))
}
