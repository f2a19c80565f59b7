-- What people said about purposes, and what they asked for. Statements belong to identities, so they follow the person when
-- identities are joined or parted; they are added and never changed.

CREATE TABLE consents (
    identity_id BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    at BIGINT NOT NULL,
    granted BIGINT NOT NULL,
    policy_version TEXT NOT NULL,
    channel TEXT NOT NULL,
    evidence TEXT NOT NULL,
    by_guardian BIGINT NOT NULL,
    author TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (identity_id, purpose, at, granted, policy_version, channel, evidence, by_guardian)
) WITHOUT ROWID;

CREATE INDEX consents_by_purpose ON consents (purpose);

CREATE TABLE requests (
    request_id BIGINT PRIMARY KEY,
    identity_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    channel TEXT NOT NULL,
    purpose TEXT,
    note TEXT NOT NULL,
    author TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    due_on BIGINT NOT NULL,
    check_method TEXT,
    checked_by TEXT,
    checked_at BIGINT,
    decided_by TEXT,
    decided_at BIGINT,
    refusal TEXT,
    outcome TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX requests_by_identity ON requests (identity_id);
