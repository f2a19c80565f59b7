-- Sessions of live events: what of a visitor's time decides where they begin, and rows whose session has changed since.

CREATE TABLE session_stretches (
    identity_id BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    campaigns_json TEXT NOT NULL,
    written_json TEXT NOT NULL,
    PRIMARY KEY (identity_id, started_at)
) WITHOUT ROWID;

CREATE TABLE session_moves (
    session_id TEXT NOT NULL PRIMARY KEY,
    spans_json TEXT NOT NULL,
    version BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX session_moves_by_version ON session_moves (version);
