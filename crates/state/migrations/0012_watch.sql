-- Who watches: signed roots of the audit trail, what was used of budgets, what waits for a second person, incidents, and
-- customers that nobody has a reason to touch.

CREATE TABLE audit_roots (
    n BIGINT PRIMARY KEY,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    head BLOB NOT NULL,
    mac BLOB NOT NULL,
    is_anchored BIGINT NOT NULL
);

CREATE INDEX audit_by_actor ON audit (actor, seq);
CREATE INDEX audit_by_action ON audit (action, seq);

CREATE TABLE budget_uses (
    day BIGINT NOT NULL,
    owner TEXT NOT NULL,
    meter TEXT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (day, owner, meter)
) WITHOUT ROWID;

CREATE TABLE approvals (
    approval_id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    purpose TEXT NOT NULL,
    reason TEXT NOT NULL,
    spec_json TEXT NOT NULL,
    n_rows BIGINT NOT NULL,
    status TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    decided_by TEXT,
    decided_at BIGINT,
    note TEXT NOT NULL,
    used_at BIGINT
);
CREATE INDEX approvals_by_status ON approvals (status, asked_at);

CREATE TABLE incidents (
    incident_id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    status TEXT NOT NULL,
    actor TEXT NOT NULL,
    roles_json TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    n_alerts BIGINT NOT NULL,
    acknowledged_by TEXT,
    acknowledged_at BIGINT,
    escalated_at BIGINT,
    decided_by TEXT,
    decided_at BIGINT,
    locked_at BIGINT,
    closed_by TEXT,
    closed_at BIGINT,
    steps_json TEXT NOT NULL
);
CREATE INDEX incidents_by_status ON incidents (status, opened_at);

CREATE TABLE canaries (
    profile_id BIGINT PRIMARY KEY,
    marked_by TEXT NOT NULL,
    marked_at BIGINT NOT NULL
);
