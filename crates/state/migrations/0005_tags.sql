-- Tags that people put on customers.

CREATE TABLE manual_tags (
    profile_id BIGINT NOT NULL,
    tag TEXT NOT NULL,
    value TEXT NOT NULL,
    author TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (profile_id, tag)
) WITHOUT ROWID;
