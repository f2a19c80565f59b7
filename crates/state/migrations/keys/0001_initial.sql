-- Wrapped keys of persons: a database of its own, so that a copy of the data never carries what opens it.

CREATE TABLE person_keys (
    subject_kind TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    wrapped BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (subject_kind, subject_id)
) WITHOUT ROWID;
