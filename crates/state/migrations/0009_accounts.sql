-- Who signs in: users, sessions, keys of the API, wrong attempts. Secrets stand here hashed, or sealed by the vault.

CREATE TABLE users (
    user_id BIGINT PRIMARY KEY,
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

CREATE TABLE recovery_codes (
    user_id BIGINT NOT NULL,
    code_hash BLOB NOT NULL,
    PRIMARY KEY (user_id, code_hash)
) WITHOUT ROWID;

CREATE TABLE user_sessions (
    session_hash BLOB NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX user_sessions_user ON user_sessions (user_id);

CREATE TABLE api_keys (
    key_id BIGINT PRIMARY KEY,
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

CREATE TABLE sign_in_failures (
    subject TEXT NOT NULL PRIMARY KEY,
    n_failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    locked_until BIGINT
) WITHOUT ROWID;
