-- Made from the migrations, on SQLite; do not edit.

-- state.db

CREATE TABLE alerts (
    alert_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    day BIGINT NOT NULL,
    direction TEXT NOT NULL,
    severity TEXT NOT NULL,
    words_zh TEXT NOT NULL,
    words_en TEXT NOT NULL,
    link TEXT NOT NULL,
    raised_at BIGINT NOT NULL,
    acknowledged_by TEXT,
    acknowledged_at BIGINT,
    UNIQUE (kind, subject, day)
);

CREATE INDEX alerts_raised ON alerts (raised_at, alert_id);

CREATE TABLE api_keys (
    key_id INTEGER PRIMARY KEY,
    user_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    key_hash BLOB NOT NULL UNIQUE,
    permissions_json TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE approvals (
    approval_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    purpose TEXT NOT NULL,
    reason TEXT NOT NULL,
    spec_json TEXT NOT NULL,
    n_rows BIGINT NOT NULL,
    status TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    decided_by TEXT,
    decided_at BIGINT,
    note TEXT NOT NULL,
    used_at BIGINT
);

CREATE INDEX approvals_by_status ON approvals (status, asked_at);

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

CREATE INDEX audit_by_action ON audit (action, seq);

CREATE INDEX audit_by_actor ON audit (actor, seq);

CREATE INDEX audit_by_subject ON audit (subject, seq);

CREATE TABLE audit_roots (
    n INTEGER PRIMARY KEY,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    head BLOB NOT NULL,
    mac BLOB NOT NULL,
    is_anchored BIGINT NOT NULL
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

CREATE TABLE binding_uses (
    binding_id BIGINT NOT NULL,
    use_key TEXT NOT NULL,
    used_at BIGINT NOT NULL,
    bound_at BIGINT,
    PRIMARY KEY (binding_id, use_key)
) WITHOUT ROWID;

CREATE TABLE bindings (
    binding_id INTEGER PRIMARY KEY,
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

CREATE TABLE budget_uses (
    day BIGINT NOT NULL,
    owner TEXT NOT NULL,
    meter TEXT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (day, owner, meter)
) WITHOUT ROWID;

CREATE TABLE canaries (
    profile_id INTEGER PRIMARY KEY,
    marked_by TEXT NOT NULL,
    marked_at BIGINT NOT NULL
);

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

CREATE TABLE corrections (
    correction_id INTEGER PRIMARY KEY,
    profile_id BIGINT NOT NULL,
    field TEXT NOT NULL,
    sealed BLOB NOT NULL,
    said BLOB,
    said_source TEXT NOT NULL,
    request_id BIGINT NOT NULL,
    author TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    withdrawn_by TEXT,
    withdrawn_at BIGINT
);

CREATE INDEX corrections_by_profile ON corrections (profile_id);

CREATE TABLE definitions (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    spec_json TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (kind, name, version)
) WITHOUT ROWID;

CREATE TABLE erasures (
    erasure_id INTEGER PRIMARY KEY,
    profile_id BIGINT NOT NULL,
    request_id BIGINT,
    approved_by TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    removed_json TEXT NOT NULL,
    ended_at BIGINT,
    receipt_json TEXT
);

CREATE TABLE holds (
    hold_id INTEGER PRIMARY KEY,
    class TEXT,
    profile_id BIGINT,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    lifted_by TEXT,
    lifted_at BIGINT
);

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

CREATE TABLE identity_decisions (
    decision_id INTEGER PRIMARY KEY,
    act_id BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    left_identity_id BIGINT NOT NULL,
    right_identity_id BIGINT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    decided_at BIGINT NOT NULL,
    undone_by TEXT,
    undone_at BIGINT,
    undone_act BIGINT
);

CREATE INDEX identity_decisions_by_act ON identity_decisions (act_id);

CREATE INDEX identity_decisions_by_left ON identity_decisions (left_identity_id);

CREATE INDEX identity_decisions_by_right ON identity_decisions (right_identity_id);

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

CREATE TABLE identity_fields (
    identity_id BIGINT NOT NULL,
    field TEXT NOT NULL,
    said_at BIGINT NOT NULL,
    said_by TEXT NOT NULL,
    sealed BLOB,
    key_profile_id BIGINT NOT NULL,
    source TEXT NOT NULL, is_proven BIGINT NOT NULL DEFAULT 1,
    PRIMARY KEY (identity_id, field, said_at, said_by)
) WITHOUT ROWID;

CREATE TABLE identity_homes (
    identity_id BIGINT NOT NULL,
    profile_id BIGINT NOT NULL,
    PRIMARY KEY (identity_id, profile_id)
) WITHOUT ROWID;

CREATE TABLE identity_matches (
    left_identity_id BIGINT NOT NULL,
    right_identity_id BIGINT NOT NULL,
    standing TEXT NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    evidence_json TEXT NOT NULL,
    found_at BIGINT NOT NULL,
    PRIMARY KEY (left_identity_id, right_identity_id)
) WITHOUT ROWID;

CREATE INDEX identity_matches_by_probability ON identity_matches (standing, probability);

CREATE INDEX identity_matches_by_right ON identity_matches (right_identity_id);

CREATE TABLE identity_stated (
    identity_id BIGINT NOT NULL,
    source TEXT NOT NULL,
    stated_json TEXT NOT NULL,
    sealed BLOB,
    key_profile_id BIGINT NOT NULL,
    PRIMARY KEY (identity_id, source)
) WITHOUT ROWID;

CREATE TABLE identity_traits (
    identity_id INTEGER PRIMARY KEY,
    traits_json TEXT NOT NULL
);

CREATE TABLE incidents (
    incident_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    status TEXT NOT NULL,
    actor TEXT NOT NULL,
    roles_json TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    n_alerts BIGINT NOT NULL,
    acknowledged_by TEXT,
    acknowledged_at BIGINT,
    escalated_at BIGINT,
    decided_by TEXT,
    decided_at BIGINT,
    locked_at BIGINT,
    closed_by TEXT,
    closed_at BIGINT,
    steps_json TEXT NOT NULL
);

CREATE INDEX incidents_by_status ON incidents (status, opened_at);

CREATE TABLE ingests (
    log TEXT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    plan_json TEXT,
    seen_json TEXT NOT NULL,
    committed_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE kpi_goals (
    kpi TEXT NOT NULL,
    from_on BIGINT NOT NULL,
    to_on BIGINT NOT NULL,
    value_micro BIGINT NOT NULL,
    author TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (kpi, from_on, to_on)
) WITHOUT ROWID;

CREATE TABLE live_registers (
    source_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    register_json TEXT NOT NULL,
    shown_at BIGINT,
    PRIMARY KEY (source_id, kind, key)
) WITHOUT ROWID;

CREATE TABLE live_sources (
    source_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    write_key TEXT NOT NULL UNIQUE,
    allowed_origins_json TEXT NOT NULL,
    allowed_kinds_json TEXT NOT NULL,
    settings_json TEXT NOT NULL,
    plan_json TEXT NOT NULL,
    is_enabled BIGINT NOT NULL,
    created_at BIGINT NOT NULL
, commerce_json TEXT NOT NULL DEFAULT '{}');

CREATE TABLE manual_tags (
    profile_id BIGINT NOT NULL,
    tag TEXT NOT NULL,
    value TEXT NOT NULL,
    author TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (profile_id, tag)
) WITHOUT ROWID;

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

CREATE TABLE model_artifacts (
    model TEXT NOT NULL,
    version BIGINT NOT NULL,
    learnt_json TEXT NOT NULL,
    PRIMARY KEY (model, version)
) WITHOUT ROWID;

CREATE TABLE models (
    model TEXT NOT NULL,
    version BIGINT NOT NULL,
    trained_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    card_json TEXT NOT NULL,
    PRIMARY KEY (model, version)
) WITHOUT ROWID;

CREATE TABLE notices (
    topic TEXT NOT NULL,
    about BIGINT NOT NULL,
    hook TEXT NOT NULL,
    n_tries BIGINT NOT NULL,
    tried_at BIGINT NOT NULL,
    next_at BIGINT,
    outcome TEXT NOT NULL,
    PRIMARY KEY (topic, about, hook)
) WITHOUT ROWID;

CREATE TABLE profile_fields (
    profile_id BIGINT NOT NULL,
    field TEXT NOT NULL,
    sealed BLOB NOT NULL,
    source TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (profile_id, field)
) WITHOUT ROWID;

CREATE TABLE profile_override_spans (
    identity_id BIGINT NOT NULL,
    since_at BIGINT NOT NULL,
    profile_id BIGINT NOT NULL,
    PRIMARY KEY (identity_id, since_at)
) WITHOUT ROWID;

CREATE INDEX profile_override_spans_by_profile ON profile_override_spans (profile_id);

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

CREATE TABLE purges (
    purge_id INTEGER PRIMARY KEY,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL,
    report_json TEXT NOT NULL
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

CREATE TABLE recovery_codes (
    user_id BIGINT NOT NULL,
    code_hash BLOB NOT NULL,
    PRIMARY KEY (user_id, code_hash)
) WITHOUT ROWID;

CREATE TABLE requests (
    request_id INTEGER PRIMARY KEY,
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

CREATE TABLE schema_versions (version BIGINT NOT NULL PRIMARY KEY);

CREATE TABLE session_moves (
    session_id TEXT NOT NULL PRIMARY KEY,
    spans_json TEXT NOT NULL,
    version BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX session_moves_by_version ON session_moves (version);

CREATE TABLE session_stretches (
    identity_id BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    campaigns_json TEXT NOT NULL,
    written_json TEXT NOT NULL,
    PRIMARY KEY (identity_id, started_at)
) WITHOUT ROWID;

CREATE TABLE sign_in_failures (
    subject TEXT NOT NULL PRIMARY KEY,
    n_failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    locked_until BIGINT
) WITHOUT ROWID;

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

CREATE TABLE sso_links (
    link_hash BLOB NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL UNIQUE,
    is_made BIGINT NOT NULL,
    linked_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE targets (
    target_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    plan_json TEXT NOT NULL,
    author TEXT NOT NULL,
    set_at BIGINT NOT NULL
);

CREATE TABLE user_sessions (
    session_hash BLOB NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX user_sessions_user ON user_sessions (user_id);

CREATE TABLE users (
    user_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    roles_json TEXT NOT NULL,
    provinces_json TEXT NOT NULL,
    stores_json TEXT NOT NULL,
    password_hash BLOB NOT NULL,
    password_at BIGINT NOT NULL,
    must_change BIGINT NOT NULL,
    is_disabled BIGINT NOT NULL,
    totp_sealed TEXT,
    totp_offered TEXT,
    totp_step BIGINT,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT
);

CREATE TABLE views (
    view_id INTEGER PRIMARY KEY,
    page TEXT NOT NULL,
    name TEXT NOT NULL,
    state_json TEXT NOT NULL,
    author TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- keys/keys.db

CREATE TABLE erasure_ledger (
    seq INTEGER PRIMARY KEY,
    erasure_id BIGINT NOT NULL UNIQUE,
    profile_id BIGINT NOT NULL,
    request_id BIGINT,
    approved_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    subject_json TEXT NOT NULL,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL
);

CREATE TABLE person_keys (
    subject_kind TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    wrapped BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (subject_kind, subject_id)
) WITHOUT ROWID;

CREATE TABLE schema_versions (version BIGINT NOT NULL PRIMARY KEY);

