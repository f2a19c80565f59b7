-- What was corrected on behalf of a person. Each holds until it is withdrawn: what files and events say of the field meanwhile
-- is kept beside it, sealed under the same key, and comes back with the withdrawal.

CREATE TABLE corrections (
    correction_id BIGINT PRIMARY KEY,
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
