-- Erasures of people as far as they have come. That somebody is erased stands in the ledger beside the keys, which no copy of
-- the data brings back; what is there and not ended here is carried out, again if need be.

CREATE TABLE erasures (
    erasure_id BIGINT PRIMARY KEY,
    profile_id BIGINT NOT NULL,
    request_id BIGINT,
    approved_by TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    removed_json TEXT NOT NULL,
    ended_at BIGINT,
    receipt_json TEXT
);

-- What must not be erased or purged: a class of data, or a person, as long as a reason lasts.
CREATE TABLE holds (
    hold_id BIGINT PRIMARY KEY,
    class TEXT,
    profile_id BIGINT,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    lifted_by TEXT,
    lifted_at BIGINT
);

-- What runs of the purge have done.
CREATE TABLE purges (
    purge_id BIGINT PRIMARY KEY,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL,
    report_json TEXT NOT NULL
);
