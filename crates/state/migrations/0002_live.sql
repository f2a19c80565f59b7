-- Live collection: who may send, how far the event log was taken in, and what has to be known to take the next event in.

CREATE TABLE live_sources (
    source_id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    write_key TEXT NOT NULL UNIQUE,
    allowed_origins_json TEXT NOT NULL,
    allowed_kinds_json TEXT NOT NULL,
    settings_json TEXT NOT NULL,
    plan_json TEXT NOT NULL,
    is_enabled BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE source_hours (
    source_id BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    n_received BIGINT NOT NULL,
    n_rejected BIGINT NOT NULL,
    n_duplicate BIGINT NOT NULL,
    n_violations BIGINT NOT NULL,
    last_received_at BIGINT NOT NULL,
    PRIMARY KEY (source_id, hour)
) WITHOUT ROWID;

CREATE TABLE source_rejects (
    source_id BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    reason_code TEXT NOT NULL,
    n_rejected BIGINT NOT NULL,
    PRIMARY KEY (source_id, hour, reason_code)
) WITHOUT ROWID;

CREATE TABLE ingests (
    log TEXT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    plan_json TEXT,
    seen_json TEXT NOT NULL,
    committed_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE identity_bonds (
    left_identity_id BIGINT NOT NULL,
    right_identity_id BIGINT NOT NULL,
    said_at BIGINT NOT NULL,
    said_by TEXT NOT NULL,
    holds BIGINT NOT NULL,
    PRIMARY KEY (left_identity_id, right_identity_id)
) WITHOUT ROWID;

CREATE INDEX identity_bonds_by_right ON identity_bonds (right_identity_id);

CREATE TABLE identity_claims (
    identity_id BIGINT NOT NULL,
    owner_identity_id BIGINT NOT NULL,
    claims_json TEXT NOT NULL,
    PRIMARY KEY (identity_id, owner_identity_id)
) WITHOUT ROWID;

CREATE INDEX identity_claims_by_owner ON identity_claims (owner_identity_id);

CREATE TABLE identity_traits (
    identity_id BIGINT PRIMARY KEY,
    traits_json TEXT NOT NULL
);

CREATE TABLE identity_fields (
    identity_id BIGINT NOT NULL,
    field TEXT NOT NULL,
    said_at BIGINT NOT NULL,
    said_by TEXT NOT NULL,
    sealed BLOB,
    key_profile_id BIGINT NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (identity_id, field, said_at, said_by)
) WITHOUT ROWID;

CREATE TABLE identity_homes (
    identity_id BIGINT NOT NULL,
    profile_id BIGINT NOT NULL,
    PRIMARY KEY (identity_id, profile_id)
) WITHOUT ROWID;

CREATE TABLE profile_override_spans (
    identity_id BIGINT NOT NULL,
    since_at BIGINT NOT NULL,
    profile_id BIGINT NOT NULL,
    PRIMARY KEY (identity_id, since_at)
) WITHOUT ROWID;

CREATE INDEX profile_override_spans_by_profile ON profile_override_spans (profile_id);

CREATE TABLE live_registers (
    source_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    register_json TEXT NOT NULL,
    shown_at BIGINT,
    PRIMARY KEY (source_id, kind, key)
) WITHOUT ROWID;
