-- Who is who, decided by hand, and what files stated of each identity, so that people who turn out to be two have what was
-- stated of each of them.

-- Decisions of one act have one act_id; an act is undone as a whole. Those that an act took the place of name it in
-- undone_act, and hold again when it is undone.
CREATE TABLE identity_decisions (
    decision_id BIGINT PRIMARY KEY,
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

CREATE TABLE identity_stated (
    identity_id BIGINT NOT NULL,
    source TEXT NOT NULL,
    stated_json TEXT NOT NULL,
    sealed BLOB,
    key_profile_id BIGINT NOT NULL,
    PRIMARY KEY (identity_id, source)
) WITHOUT ROWID;
