//! The tables users see: names, columns, types and protection grades (`docs/tables.md` is generated from here).
//!
//! Grades: 1 aggregates and catalogue, 2 behaviour under a pseudonym, 3 personal, 4 sensitive personal. Columns of grade 3
//! and 4 hold masked values wherever they appear as text (INV-TABLES-1).

use crate::frame::{ColumnType, MONEY, PRICE, QUANTITY};

/// Where a table lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// Delta table; rows are kept for good.
    Lake {
        /// Column whose values name the partitions.
        partition: Option<&'static str>,
        /// Columns that identify a row; a later row with the same key replaces the earlier one.
        key: &'static [&'static str],
    },
    /// Operational database, shown to SQL as a snapshot.
    State,
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub struct TableSpec {
    /// SQL name.
    pub name: &'static str,
    /// Where it lives.
    pub home: Home,
    /// One row per what.
    pub doc: &'static str,
    /// Columns in order.
    pub columns: &'static [ColumnSpec],
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct ColumnSpec {
    /// SQL name.
    pub name: &'static str,
    /// Type.
    pub kind: ColumnType,
    /// Protection grade, 1 to 4.
    pub grade: u8,
    /// What it holds.
    pub doc: &'static str,
}

impl TableSpec {
    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&'static ColumnSpec> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// The table of a name.
pub fn table(name: &str) -> Option<&'static TableSpec> {
    TABLES.iter().find(|table| table.name == name)
}

const fn col(name: &'static str, kind: ColumnType, grade: u8, doc: &'static str) -> ColumnSpec {
    ColumnSpec { name, kind, grade, doc }
}

const SOURCE: ColumnSpec = col("source", ColumnType::Text, 1, "source the row came from");
const BATCH_ID: ColumnSpec = col("batch_id", ColumnType::Int, 1, "load that brought the row");
const LOADED_AT: ColumnSpec = col("loaded_at", ColumnType::Instant, 1, "when the load was made");
const PROFILE_ID: ColumnSpec = col("profile_id", ColumnType::Int, 2, "customer; missing when unknown");
const IDENTITY_ID: ColumnSpec = col("identity_id", ColumnType::Int, 2, "identity the row arrived with");
const CONTENT_HASH: ColumnSpec = col("content_hash", ColumnType::Int, 2, "fingerprint of the cleaned row");
const TRAITS: ColumnSpec = col("traits", ColumnType::Text, 2, "further columns of the file, as JSON");

const MODEL_CUSTOMER: ColumnSpec = col("profile_id", ColumnType::Int, 2, "customer");
const AS_OF: ColumnSpec = col("as_of", ColumnType::Day, 1, "last day that counts");
const MODEL_VERSION: ColumnSpec = col("model_version", ColumnType::Int, 1, "version of the model");

/// All tables of the product, in the order in which they are documented.
pub const TABLES: &[TableSpec] = &[
    TableSpec {
        name: "profiles",
        home: Home::State,
        doc: "one row per resolved person or company",
        columns: &[
            col("profile_id", ColumnType::Int, 2, "id"),
            col("kind", ColumnType::Text, 2, "person or company"),
            col("created_at", ColumnType::Instant, 2, "when the profile was made"),
            col("first_seen_at", ColumnType::Instant, 2, "earliest fact"),
            col("last_seen_at", ColumnType::Instant, 2, "latest fact"),
            col("gender", ColumnType::Text, 2, "male, female"),
            col("birth_year", ColumnType::Int, 2, "year of birth"),
            col("country", ColumnType::Text, 2, "country"),
            col("province", ColumnType::Text, 2, "province, standard short form"),
            col("city", ColumnType::Text, 2, "city, standard form"),
            col("member_level", ColumnType::Text, 2, "level in the member programme"),
            col("registered_on", ColumnType::Day, 2, "day of registration"),
            col("acquisition_channel", ColumnType::Text, 2, "channel that won the customer"),
            TRAITS,
            col("n_identities", ColumnType::Int, 2, "number of identities"),
            col("name", ColumnType::Text, 3, "name, masked"),
            col("phone", ColumnType::Text, 3, "phone, masked"),
            col("email", ColumnType::Text, 3, "e-mail, masked"),
            col("id_number", ColumnType::Text, 4, "ID number, masked"),
            col("address", ColumnType::Text, 3, "address, masked"),
            col("birthday", ColumnType::Text, 3, "birthday, masked to the year"),
        ],
    },
    TableSpec {
        name: "identities",
        home: Home::State,
        doc: "one row per (kind, value) pair by which somebody was seen",
        columns: &[
            col("identity_id", ColumnType::Int, 2, "id"),
            col("profile_id", ColumnType::Int, 2, "profile it belongs to now"),
            col(
                "kind",
                ColumnType::Text,
                2,
                "member_id, phone, email, unionid, openid, device_id, card_no, external_id …",
            ),
            col("value", ColumnType::Text, 3, "value, masked"),
            col("status", ColumnType::Text, 2, "active, or set_aside when it joins too many"),
            col("first_seen_at", ColumnType::Instant, 2, "earliest fact"),
            col("last_seen_at", ColumnType::Instant, 2, "latest fact"),
            SOURCE,
        ],
    },
    TableSpec {
        name: "identity_edges",
        home: Home::State,
        doc: "one row per link between two identities; never deleted, undone instead",
        columns: &[
            col("edge_id", ColumnType::Int, 2, "id"),
            col("left_identity_id", ColumnType::Int, 2, "one end"),
            col("right_identity_id", ColumnType::Int, 2, "other end"),
            col("kind", ColumnType::Text, 2, "deterministic, probabilistic, manual, split"),
            col("strength", ColumnType::Float, 2, "0 to 1"),
            col("reason", ColumnType::Text, 2, "why"),
            SOURCE,
            BATCH_ID,
            col("created_at", ColumnType::Instant, 2, "when"),
            col("undone_at", ColumnType::Instant, 2, "when it was undone"),
        ],
    },
    TableSpec {
        name: "events",
        home: Home::Lake { partition: Some("occurred_on"), key: &["source", "event_id"] },
        doc: "one row per fact that happened",
        columns: &[
            col("event_id", ColumnType::Text, 2, "id given by the source, or made from the content"),
            IDENTITY_ID,
            PROFILE_ID,
            col("event", ColumnType::Text, 2, "name"),
            col("occurred_at", ColumnType::Instant, 2, "when it happened"),
            col("occurred_on", ColumnType::Day, 2, "day in the workspace zone"),
            col("received_at", ColumnType::Instant, 2, "when it arrived"),
            col("channel", ColumnType::Text, 2, "channel"),
            SOURCE,
            col("session_id", ColumnType::Text, 2, "session: ends before a pause of 30 minutes or another campaign"),
            col("device", ColumnType::Text, 2, "device"),
            col("url", ColumnType::Text, 2, "page"),
            col("referrer", ColumnType::Text, 2, "page before"),
            col("utm_source", ColumnType::Text, 2, "campaign source"),
            col("utm_medium", ColumnType::Text, 2, "campaign medium"),
            col("utm_campaign", ColumnType::Text, 2, "campaign name"),
            col("value", MONEY, 2, "value in the workspace currency"),
            col("properties", ColumnType::Text, 2, "further properties, as JSON"),
            CONTENT_HASH,
            BATCH_ID,
            LOADED_AT,
        ],
    },
    TableSpec {
        name: "orders",
        home: Home::Lake { partition: None, key: &["source", "order_id"] },
        doc: "one row per order",
        columns: &[
            col("order_id", ColumnType::Text, 2, "number of the order at its source"),
            PROFILE_ID,
            IDENTITY_ID,
            col("ordered_at", ColumnType::Instant, 2, "when it was placed"),
            col(
                "status",
                ColumnType::Text,
                2,
                "created, paid, shipped, completed, cancelled, partial_refund, refunded",
            ),
            col(
                "kind",
                ColumnType::Text,
                2,
                "sale; refund (a document that only gives back); adjustment (bookkeeping)",
            ),
            col("channel", ColumnType::Text, 2, "channel"),
            col("store_id", ColumnType::Text, 2, "store"),
            col("amount", MONEY, 2, "what the buyer paid or owes after all reductions"),
            col("discount", MONEY, 2, "reductions, positive"),
            col("refunded_amount", MONEY, 2, "what was given back, on this order or by later refund documents"),
            col("net_amount", MONEY, 2, "amount − refunded_amount; 0 when created or cancelled"),
            col("currency", ColumnType::Text, 2, "currency of the file when it differs from the workspace's"),
            col("original_amount", MONEY, 2, "amount in that currency"),
            col("n_items", QUANTITY, 2, "units of goods"),
            col("coupon_id", ColumnType::Text, 2, "coupon"),
            col("campaign_id", ColumnType::Text, 2, "campaign"),
            TRAITS,
            CONTENT_HASH,
            SOURCE,
            BATCH_ID,
            LOADED_AT,
        ],
    },
    TableSpec {
        name: "order_items",
        home: Home::Lake { partition: None, key: &["source", "order_id"] },
        doc: "one row per line of an order",
        columns: &[
            col("order_id", ColumnType::Text, 2, "order"),
            col("line_no", ColumnType::Int, 2, "line, from 1 in file order"),
            PROFILE_ID,
            IDENTITY_ID,
            col("ordered_at", ColumnType::Instant, 2, "when the order was placed"),
            col("product_id", ColumnType::Text, 1, "product"),
            col("quantity", QUANTITY, 2, "units; negative on refunds"),
            col("unit_price", PRICE, 2, "price of one unit"),
            col("amount", MONEY, 2, "what the buyer pays for the line; negative on refunds"),
            col("discount", MONEY, 2, "reductions of the line, positive"),
            col("is_refund", ColumnType::Bool, 2, "whether the line gives back"),
            SOURCE,
            BATCH_ID,
            LOADED_AT,
        ],
    },
    TableSpec {
        name: "refunds",
        home: Home::Lake { partition: None, key: &["source", "refund_order_id"] },
        doc: "one row per part of a refund document that was netted against an order",
        columns: &[
            col("refund_order_id", ColumnType::Text, 2, "the refund document"),
            col("order_id", ColumnType::Text, 2, "the order it gives back"),
            PROFILE_ID,
            IDENTITY_ID,
            col("product_id", ColumnType::Text, 1, "product"),
            col("quantity", QUANTITY, 2, "units given back, positive"),
            col("amount", MONEY, 2, "money given back, positive"),
            col("ordered_at", ColumnType::Instant, 2, "when the order was placed"),
            col("refunded_at", ColumnType::Instant, 2, "when it was given back"),
            SOURCE,
            BATCH_ID,
            LOADED_AT,
        ],
    },
    TableSpec {
        name: "products",
        home: Home::Lake { partition: None, key: &["source", "product_id"] },
        doc: "one row per product",
        columns: &[
            col("product_id", ColumnType::Text, 1, "code"),
            col("name", ColumnType::Text, 1, "name"),
            col("kind", ColumnType::Text, 1, "goods; or postage, fee, discount, manual, sample, voucher, adjustment"),
            col("brand", ColumnType::Text, 1, "brand"),
            col("category_1", ColumnType::Text, 1, "category, top"),
            col("category_2", ColumnType::Text, 1, "category, middle"),
            col("category_3", ColumnType::Text, 1, "category, bottom"),
            col("list_price", PRICE, 1, "list price"),
            TRAITS,
            CONTENT_HASH,
            SOURCE,
            BATCH_ID,
            LOADED_AT,
        ],
    },
    TableSpec {
        name: "interactions",
        home: Home::Lake { partition: None, key: &["source", "interaction_id"] },
        doc: "one row per service contact",
        columns: &[
            col("interaction_id", ColumnType::Text, 2, "ticket, call or chat"),
            PROFILE_ID,
            IDENTITY_ID,
            col("kind", ColumnType::Text, 2, "call, chat, ticket, complaint, visit"),
            col("opened_at", ColumnType::Instant, 2, "opened"),
            col("first_reply_at", ColumnType::Instant, 2, "first answer"),
            col("closed_at", ColumnType::Instant, 2, "closed"),
            col("topic", ColumnType::Text, 2, "subject, personal data masked"),
            col("satisfaction", ColumnType::Float, 2, "score given afterwards"),
            col("text_id", ColumnType::Text, 2, "text kept elsewhere"),
            col("agent", ColumnType::Text, 2, "who served"),
            TRAITS,
            CONTENT_HASH,
            SOURCE,
            BATCH_ID,
            LOADED_AT,
        ],
    },
    TableSpec {
        name: "feedback",
        home: Home::Lake { partition: None, key: &["source", "feedback_id"] },
        doc: "one row per survey answer or review",
        columns: &[
            col("feedback_id", ColumnType::Text, 2, "id given by the source, or made from the content"),
            PROFILE_ID,
            IDENTITY_ID,
            col("kind", ColumnType::Text, 2, "nps, csat, review"),
            col("score", ColumnType::Float, 2, "score"),
            col("at", ColumnType::Instant, 2, "when"),
            col("text", ColumnType::Text, 2, "words, personal data masked"),
            col("sentiment", ColumnType::Float, 2, "−1 to 1"),
            col("topics", ColumnType::Text, 2, "topics"),
            col("order_id", ColumnType::Text, 2, "order"),
            col("product_id", ColumnType::Text, 1, "product"),
            TRAITS,
            CONTENT_HASH,
            SOURCE,
            BATCH_ID,
            LOADED_AT,
        ],
    },
    TableSpec {
        name: "campaigns",
        home: Home::Lake { partition: None, key: &["source", "campaign_id"] },
        doc: "one row per campaign",
        columns: &[
            col("campaign_id", ColumnType::Text, 1, "id"),
            col("name", ColumnType::Text, 1, "name"),
            col("channel", ColumnType::Text, 1, "channel"),
            col("started_at", ColumnType::Instant, 1, "start"),
            col("ended_at", ColumnType::Instant, 1, "end"),
            col("cost", MONEY, 1, "money spent"),
            col("budget", MONEY, 1, "money planned"),
            col("goal", ColumnType::Text, 1, "goal"),
            TRAITS,
            CONTENT_HASH,
            SOURCE,
            BATCH_ID,
            LOADED_AT,
        ],
    },
    TableSpec {
        name: "touches",
        home: Home::Lake { partition: None, key: &["source", "touch_id"] },
        doc: "one row per message to one person",
        columns: &[
            col("touch_id", ColumnType::Text, 2, "id given by the source, or made from the content"),
            col("campaign_id", ColumnType::Text, 1, "campaign"),
            col("journey_id", ColumnType::Text, 1, "journey"),
            PROFILE_ID,
            IDENTITY_ID,
            col("channel", ColumnType::Text, 2, "channel"),
            col("at", ColumnType::Instant, 2, "when"),
            col("outcome", ColumnType::Text, 2, "sent, delivered, opened, clicked, converted, failed, suppressed"),
            col("arm", ColumnType::Text, 2, "treated, holdout"),
            col("reason", ColumnType::Text, 2, "why not sent"),
            TRAITS,
            CONTENT_HASH,
            SOURCE,
            BATCH_ID,
            LOADED_AT,
        ],
    },
    TableSpec {
        name: "quarantine",
        home: Home::State,
        doc: "one row per file row that could not be loaded",
        columns: &[
            BATCH_ID,
            SOURCE,
            col("entity", ColumnType::Text, 1, "what the row should have become"),
            col("row_no", ColumnType::Int, 1, "position in the file"),
            col("reason_code", ColumnType::Text, 1, "why"),
            col("column_name", ColumnType::Text, 1, "column at fault"),
            col("detail", ColumnType::Text, 1, "more, without personal values"),
            col("row", ColumnType::Text, 4, "always ***: the row is sealed"),
            col("status", ColumnType::Text, 1, "open, replayed, discarded"),
        ],
    },
    TableSpec {
        name: "cleaning_log",
        home: Home::Lake { partition: None, key: &[] },
        doc: "one row per value that cleaning changed",
        columns: &[
            BATCH_ID,
            col("entity", ColumnType::Text, 1, "what the row became"),
            col("key", ColumnType::Text, 2, "key of the row, or its position as #n"),
            col("row_no", ColumnType::Int, 1, "position in the file"),
            col("column", ColumnType::Text, 1, "column"),
            col("rule", ColumnType::Text, 1, "rule"),
            col("before", ColumnType::Text, 2, "value before, masked when personal"),
            col("after", ColumnType::Text, 2, "value after, masked when personal"),
        ],
    },
    TableSpec {
        name: "rfm",
        home: Home::Lake { partition: None, key: &["as_of"] },
        doc: "one row per customer and refresh",
        columns: &[
            col("profile_id", ColumnType::Int, 2, "customer"),
            col("as_of", ColumnType::Day, 1, "last day that counts"),
            col("recency_days", ColumnType::Int, 2, "days since the last order"),
            col("frequency", ColumnType::Int, 2, "orders that count"),
            col("monetary", MONEY, 2, "net amount of all orders"),
            col("r_score", ColumnType::Int, 2, "1 to 5, 5 is most recent"),
            col("f_score", ColumnType::Int, 2, "1 to 5, 5 is most frequent"),
            col("m_score", ColumnType::Int, 2, "1 to 5, 5 is most valuable"),
            col("rfm_segment", ColumnType::Text, 2, "one of the eight classic groups"),
            col("tier", ColumnType::Text, 2, "core, potential, general, at_risk"),
            col("mode", ColumnType::Text, 1, "quantile or thresholds"),
            col("rules_version", ColumnType::Int, 1, "version of the rules used"),
        ],
    },
    TableSpec {
        name: "clv",
        home: Home::Lake { partition: None, key: &["as_of"] },
        doc: "one row per customer and forecast of lifetime value; filled by its model",
        columns: &[
            MODEL_CUSTOMER,
            AS_OF,
            MODEL_VERSION,
            col("horizon_days", ColumnType::Int, 1, "days that the forecast looks ahead"),
            col("p_alive", ColumnType::Float, 2, "probability that the customer still buys"),
            col("expected_orders", ColumnType::Float, 2, "days with orders expected within the horizon"),
            col("expected_value", MONEY, 2, "net amount expected within the horizon, later money discounted"),
            col("value_low", MONEY, 2, "lower end of what eight of ten such customers bring"),
            col("value_high", MONEY, 2, "upper end of it"),
            col("value_90", MONEY, 2, "net amount expected within 90 days"),
            col("value_180", MONEY, 2, "net amount expected within 180 days"),
            col("next_early_on", ColumnType::Day, 2, "a quarter have ordered again by then"),
            col("next_on", ColumnType::Day, 2, "half have; missing for who has probably left"),
            col("next_late_on", ColumnType::Day, 2, "three quarters have; missing when fewer ever will"),
        ],
    },
    TableSpec {
        name: "churn",
        home: Home::Lake { partition: None, key: &["as_of"] },
        doc: "one row per customer and forecast of leaving; filled by its model",
        columns: &[
            MODEL_CUSTOMER,
            AS_OF,
            MODEL_VERSION,
            col("horizon_days", ColumnType::Int, 2, "days that the forecast looks ahead, by the customer's own rhythm"),
            col("probability", ColumnType::Float, 2, "probability of no order within the horizon"),
            col("risk", ColumnType::Text, 2, "high, medium, low"),
            col("value_at_risk", MONEY, 2, "probability times the value expected"),
            col("reasons", ColumnType::Text, 2, "what weighed most, as JSON"),
        ],
    },
    TableSpec {
        name: "propensity",
        home: Home::Lake { partition: None, key: &["as_of"] },
        doc: "one row per customer and target of a forecast of response; filled by its model",
        columns: &[
            MODEL_CUSTOMER,
            col("target", ColumnType::Text, 1, "what the customer may do"),
            AS_OF,
            MODEL_VERSION,
            col("probability", ColumnType::Float, 2, "probability within the horizon"),
            col("reasons", ColumnType::Text, 2, "what weighed most, as JSON"),
        ],
    },
    TableSpec {
        name: "clusters",
        home: Home::Lake { partition: None, key: &["as_of"] },
        doc: "one row per customer and clustering; filled by its model",
        columns: &[
            MODEL_CUSTOMER,
            AS_OF,
            MODEL_VERSION,
            col("cluster", ColumnType::Int, 2, "number of the cluster"),
            col("label", ColumnType::Text, 2, "what sets the cluster apart"),
            col("distance", ColumnType::Float, 2, "distance from its centre"),
        ],
    },
    TableSpec {
        name: "affinities",
        home: Home::Lake { partition: None, key: &["as_of"] },
        doc: "one row per customer and category, brand or product liked; filled by its model",
        columns: &[
            MODEL_CUSTOMER,
            col("subject_kind", ColumnType::Text, 1, "category, brand or product"),
            col("subject", ColumnType::Text, 1, "which one"),
            AS_OF,
            MODEL_VERSION,
            col("strength", ColumnType::Float, 2, "0 to 1"),
        ],
    },
    TableSpec {
        name: "recommendations",
        home: Home::Lake { partition: None, key: &["as_of"] },
        doc: "one row per customer and product recommended; filled by its model",
        columns: &[
            MODEL_CUSTOMER,
            col("rank", ColumnType::Int, 2, "1 is the best"),
            col("product_id", ColumnType::Text, 2, "product"),
            AS_OF,
            MODEL_VERSION,
            col("score", ColumnType::Float, 2, "as the model gives it"),
            col("reason", ColumnType::Text, 2, "why"),
        ],
    },
    TableSpec {
        name: "forecasts",
        home: Home::Lake { partition: None, key: &["as_of"] },
        doc: "one row per series and day ahead; filled by its model",
        columns: &[
            col("series", ColumnType::Text, 1, "what is forecast"),
            col("on", ColumnType::Day, 1, "day"),
            AS_OF,
            MODEL_VERSION,
            col("value", ColumnType::Float, 1, "forecast"),
            col("low", ColumnType::Float, 1, "lower end of the interval"),
            col("high", ColumnType::Float, 1, "upper end of the interval"),
        ],
    },
    TableSpec {
        name: "models",
        home: Home::State,
        doc: "one row per trained version of a model; filled by training",
        columns: &[
            col("model", ColumnType::Text, 1, "model"),
            col("version", ColumnType::Int, 1, "version"),
            col("trained_at", ColumnType::Instant, 1, "when"),
            col("trained_on", ColumnType::Text, 1, "day and rows it learned from, as JSON"),
            col("metrics", ColumnType::Text, 1, "its grades out of time, as JSON"),
            col("baseline_metrics", ColumnType::Text, 1, "the grades of the naive rule beside it, as JSON"),
            col("status", ColumnType::Text, 1, "live, withheld when it loses to the naive rule, or retired"),
            col("reason", ColumnType::Text, 1, "why it is withheld, as JSON"),
        ],
    },
    TableSpec {
        name: "tags",
        home: Home::Lake { partition: None, key: &["as_of"] },
        doc: "one row per customer and tag; filled by the refresh of tags",
        columns: &[
            PROFILE_ID,
            col("tag", ColumnType::Text, 1, "tag"),
            col("value", ColumnType::Text, 2, "value"),
            AS_OF,
            col("reason", ColumnType::Text, 2, "why, as JSON"),
        ],
    },
    TableSpec {
        name: "segments",
        home: Home::State,
        doc: "one row per segment",
        columns: &[
            col("segment_id", ColumnType::Int, 1, "id"),
            col("name", ColumnType::Text, 1, "name"),
            col("kind", ColumnType::Text, 1, "rule, or list (made by import)"),
            col("refresh", ColumnType::Text, 1, "manual, daily, live"),
            col("version", ColumnType::Int, 1, "version of the definition"),
            col("definition", ColumnType::Text, 1, "rule, as JSON"),
            col("created_at", ColumnType::Instant, 1, "when it was made"),
            col("updated_at", ColumnType::Instant, 1, "when it was last changed"),
        ],
    },
    TableSpec {
        name: "segment_members",
        home: Home::Lake { partition: None, key: &["segment_id", "profile_id"] },
        doc: "one row per customer and stay in a segment",
        columns: &[
            col("segment_id", ColumnType::Int, 1, "segment"),
            PROFILE_ID,
            col("since", ColumnType::Instant, 2, "start of the stay"),
            col("until", ColumnType::Instant, 2, "end; missing while it lasts"),
        ],
    },
    TableSpec {
        name: "consents",
        home: Home::State,
        doc: "one row per statement of a customer on a purpose",
        columns: &[
            PROFILE_ID,
            col("purpose", ColumnType::Text, 1, "what for"),
            col("granted", ColumnType::Bool, 2, "given or withdrawn"),
            col("policy_version", ColumnType::Text, 1, "version of the privacy notice"),
            col("channel", ColumnType::Text, 1, "where it was stated"),
            col("at", ColumnType::Instant, 2, "when"),
            col("evidence", ColumnType::Text, 2, "where the proof is kept"),
        ],
    },
    TableSpec {
        name: "audit",
        home: Home::State,
        doc: "one row per act on personal data or settings, chained so that a change shows",
        columns: &[
            col("seq", ColumnType::Int, 1, "number, without gaps"),
            col("at", ColumnType::Instant, 1, "when"),
            col("actor", ColumnType::Text, 2, "who"),
            col("action", ColumnType::Text, 1, "what"),
            col("subject", ColumnType::Text, 2, "on whom or what, by pseudonym"),
            col("detail_json", ColumnType::Text, 2, "reason and result, personal data masked, as JSON"),
        ],
    },
    TableSpec {
        name: "batches",
        home: Home::State,
        doc: "one row per load of one file",
        columns: &[
            BATCH_ID,
            SOURCE,
            col("entity", ColumnType::Text, 1, "what the rows became"),
            col("file_name", ColumnType::Text, 1, "file, without its folder"),
            col("status", ColumnType::Text, 1, "running, prepared, loaded, failed"),
            col("rows_read", ColumnType::Int, 1, "rows read"),
            col("rows_loaded", ColumnType::Int, 1, "rows loaded"),
            col("rows_duplicate", ColumnType::Int, 1, "rows already there"),
            col("rows_quarantined", ColumnType::Int, 1, "rows set aside"),
            col("quality", ColumnType::Float, 1, "data-quality score, 0 to 100"),
            col("started_at", ColumnType::Instant, 1, "start"),
            col("finished_at", ColumnType::Instant, 1, "end"),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_partitions_are_columns() {
        for table in TABLES {
            if let Home::Lake { partition, key } = table.home {
                for name in key.iter().chain(partition.iter()) {
                    assert!(table.column(name).is_some(), "{}.{name}", table.name);
                }
            }
        }
    }

    #[test]
    fn no_lake_column_is_personal() {
        for table in TABLES.iter().filter(|table| matches!(table.home, Home::Lake { .. })) {
            for column in table.columns {
                assert!(column.grade <= 2, "{}.{}", table.name, column.name);
            }
        }
    }
}
