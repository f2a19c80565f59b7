-- Notices of incidents to other machines: how far each is. Incident 0 is the last trial.

CREATE TABLE incident_notices (
    incident_id BIGINT NOT NULL,
    hook TEXT NOT NULL,
    n_tries BIGINT NOT NULL,
    tried_at BIGINT NOT NULL,
    next_at BIGINT,
    outcome TEXT NOT NULL,
    PRIMARY KEY (incident_id, hook)
) WITHOUT ROWID;
