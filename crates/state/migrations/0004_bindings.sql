-- Codes to be scanned, and their scans; how a source's events are read as orders.

CREATE TABLE bindings (
    binding_id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    source_id BIGINT NOT NULL,
    identity_id BIGINT,
    profile_id BIGINT,
    store_id TEXT,
    campaign_id TEXT,
    place TEXT,
    redirect_url TEXT,
    max_uses BIGINT NOT NULL,
    n_uses BIGINT NOT NULL,
    n_bound BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    used_at BIGINT,
    bound_at BIGINT
);

CREATE INDEX bindings_by_created ON bindings (created_at);

CREATE TABLE binding_uses (
    binding_id BIGINT NOT NULL,
    use_key TEXT NOT NULL,
    used_at BIGINT NOT NULL,
    bound_at BIGINT,
    PRIMARY KEY (binding_id, use_key)
) WITHOUT ROWID;

ALTER TABLE live_sources ADD COLUMN commerce_json TEXT NOT NULL DEFAULT '{}';
