-- Whom an identity provider vouches for: a keyed hash of issuer and subject, never either in the clear.

CREATE TABLE sso_links (
    link_hash BLOB NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL UNIQUE,
    is_made BIGINT NOT NULL,
    linked_at BIGINT NOT NULL
) WITHOUT ROWID;
