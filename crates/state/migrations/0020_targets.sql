-- Targets of a figure, split to parts of the business. Parts are values such as stores and provinces, never people.

CREATE TABLE targets (
    target_id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    plan_json TEXT NOT NULL,
    author TEXT NOT NULL,
    set_at BIGINT NOT NULL
);
