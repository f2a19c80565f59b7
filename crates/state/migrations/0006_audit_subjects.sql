-- Who looked at a customer, without reading the whole trail.

CREATE INDEX audit_by_subject ON audit (subject, seq);
