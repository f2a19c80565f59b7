-- What figures shall be over some days.

CREATE TABLE kpi_goals (
    kpi TEXT NOT NULL,
    from_on BIGINT NOT NULL,
    to_on BIGINT NOT NULL,
    value_micro BIGINT NOT NULL,
    author TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (kpi, from_on, to_on)
) WITHOUT ROWID;
