-- The ledger of erasures: who was erased, by opaque ids, each entry linked to the one before. It stands beside the keys because
-- these are never brought back to an old state: whatever copy of the data is opened, it is erased from that copy too.

CREATE TABLE erasure_ledger (
    seq BIGINT PRIMARY KEY,
    erasure_id BIGINT NOT NULL UNIQUE,
    profile_id BIGINT NOT NULL,
    request_id BIGINT,
    approved_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    subject_json TEXT NOT NULL,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL
);
