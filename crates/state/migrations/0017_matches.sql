-- Pairs of identities that share no id and yet are likely one person: joined, or for somebody to look at.

CREATE TABLE identity_matches (
    left_identity_id BIGINT NOT NULL,
    right_identity_id BIGINT NOT NULL,
    standing TEXT NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    evidence_json TEXT NOT NULL,
    found_at BIGINT NOT NULL,
    PRIMARY KEY (left_identity_id, right_identity_id)
) WITHOUT ROWID;

CREATE INDEX identity_matches_by_right ON identity_matches (right_identity_id);
CREATE INDEX identity_matches_by_probability ON identity_matches (standing, probability);
