-- Alerts: figures, sources and goals that are not as they should be. Sums and names of sources, never people.

CREATE TABLE alerts (
    alert_id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    day BIGINT NOT NULL,
    direction TEXT NOT NULL,
    severity TEXT NOT NULL,
    words_zh TEXT NOT NULL,
    words_en TEXT NOT NULL,
    link TEXT NOT NULL,
    raised_at BIGINT NOT NULL,
    acknowledged_by TEXT,
    acknowledged_at BIGINT,
    UNIQUE (kind, subject, day)
);

CREATE INDEX alerts_raised ON alerts (raised_at, alert_id);

-- Notices of alerts go the way of those of incidents: one table says how far each is. About 0 is the last trial.
CREATE TABLE notices (
    topic TEXT NOT NULL,
    about BIGINT NOT NULL,
    hook TEXT NOT NULL,
    n_tries BIGINT NOT NULL,
    tried_at BIGINT NOT NULL,
    next_at BIGINT,
    outcome TEXT NOT NULL,
    PRIMARY KEY (topic, about, hook)
) WITHOUT ROWID;

INSERT INTO notices (topic, about, hook, n_tries, tried_at, next_at, outcome)
SELECT 'incident', incident_id, hook, n_tries, tried_at, next_at, outcome FROM incident_notices;

DROP TABLE incident_notices;
