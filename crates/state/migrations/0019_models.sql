-- Versions of models: what is told of each, and what it learnt.

CREATE TABLE models (
    model TEXT NOT NULL,
    version BIGINT NOT NULL,
    trained_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    card_json TEXT NOT NULL,
    PRIMARY KEY (model, version)
) WITHOUT ROWID;

CREATE TABLE model_artifacts (
    model TEXT NOT NULL,
    version BIGINT NOT NULL,
    learnt_json TEXT NOT NULL,
    PRIMARY KEY (model, version)
) WITHOUT ROWID;
