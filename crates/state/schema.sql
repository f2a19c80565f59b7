-- Made from the migrations, on SQLite; do not edit.

-- state.db

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail_json TEXT NOT NULL,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL
);

CREATE TABLE batches (
    batch_id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    entity TEXT NOT NULL,
    file_name TEXT NOT NULL,
    content_hash BLOB NOT NULL,
    mapping_json TEXT,
    status TEXT NOT NULL,
    rows_read BIGINT NOT NULL,
    rows_loaded BIGINT NOT NULL,
    rows_duplicate BIGINT NOT NULL,
    rows_quarantined BIGINT NOT NULL,
    quality DOUBLE PRECISION,
    report_json TEXT,
    plan_json TEXT,
    error TEXT,
    started_at BIGINT NOT NULL,
    finished_at BIGINT
);

CREATE INDEX batches_by_content ON batches (content_hash, entity, source);

CREATE INDEX batches_by_start ON batches (started_at, batch_id);

CREATE TABLE definitions (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    spec_json TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (kind, name, version)
) WITHOUT ROWID;

CREATE TABLE identities (
    identity_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,
    value_index BLOB NOT NULL,
    sealed BLOB NOT NULL,
    key_profile_id BIGINT NOT NULL,
    profile_id BIGINT NOT NULL,
    home_profile_id BIGINT NOT NULL,
    status TEXT NOT NULL,
    n_joined BIGINT NOT NULL,
    first_seen_at BIGINT,
    last_seen_at BIGINT,
    source TEXT NOT NULL,
    UNIQUE (kind, value_index, scope)
);

CREATE INDEX identities_by_profile ON identities (profile_id);

CREATE TABLE identity_edges (
    edge_id INTEGER PRIMARY KEY,
    left_identity_id BIGINT NOT NULL,
    right_identity_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    strength DOUBLE PRECISION NOT NULL,
    reason TEXT NOT NULL,
    source TEXT NOT NULL,
    batch_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    undone_at BIGINT
);

CREATE INDEX identity_edges_by_left ON identity_edges (left_identity_id);

CREATE INDEX identity_edges_by_right ON identity_edges (right_identity_id);

CREATE TABLE mappings (
    source TEXT NOT NULL,
    entity TEXT NOT NULL,
    header_key BIGINT NOT NULL,
    spec_json TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (source, entity, header_key)
) WITHOUT ROWID;

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE profile_fields (
    profile_id BIGINT NOT NULL,
    field TEXT NOT NULL,
    sealed BLOB NOT NULL,
    source TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (profile_id, field)
) WITHOUT ROWID;

CREATE TABLE profile_overrides (
    identity_id INTEGER PRIMARY KEY,
    profile_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE profiles (
    profile_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    first_seen_at BIGINT,
    last_seen_at BIGINT,
    gender TEXT,
    birth_year BIGINT,
    country TEXT,
    province TEXT,
    city TEXT,
    member_level TEXT,
    registered_on BIGINT,
    acquisition_channel TEXT,
    traits TEXT,
    n_identities BIGINT NOT NULL,
    merged_into BIGINT
);

CREATE TABLE quarantine (
    batch_id BIGINT NOT NULL REFERENCES batches (batch_id) DEFERRABLE INITIALLY DEFERRED,
    row_no BIGINT NOT NULL,
    source TEXT NOT NULL,
    entity TEXT NOT NULL,
    reason_code TEXT NOT NULL,
    column_name TEXT,
    detail TEXT,
    sealed BLOB NOT NULL,
    status TEXT NOT NULL,
    replay_batch_id BIGINT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (batch_id, row_no)
) WITHOUT ROWID;

CREATE TABLE schema_versions (version BIGINT NOT NULL PRIMARY KEY);

-- keys/keys.db

CREATE TABLE person_keys (
    subject_kind TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    wrapped BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (subject_kind, subject_id)
) WITHOUT ROWID;

CREATE TABLE schema_versions (version BIGINT NOT NULL PRIMARY KEY);

