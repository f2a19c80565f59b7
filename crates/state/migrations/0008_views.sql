-- Views of pages that people keep.

CREATE TABLE views (
    view_id BIGINT PRIMARY KEY,
    page TEXT NOT NULL,
    name TEXT NOT NULL,
    state_json TEXT NOT NULL,
    author TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
