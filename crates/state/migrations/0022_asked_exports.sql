-- Exports that waited for a second person were kept as they were sent, with what their reasons and conditions say of people,
-- and without what tells whether they are still what was approved: they are asked for again.

UPDATE approvals SET spec_json = '{}', expires_at = asked_at WHERE kind = 'export';
