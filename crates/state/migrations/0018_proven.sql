-- Whether who stated a personal field of somebody had proven to know who it is. What was stated before is as it was.

ALTER TABLE identity_fields ADD COLUMN is_proven BIGINT NOT NULL DEFAULT 1;
