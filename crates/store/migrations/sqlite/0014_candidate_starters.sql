-- Who is named to start a process.

CREATE TABLE candidate_starter (
  definition_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  user_id TEXT,
  group_id TEXT,
  PRIMARY KEY (definition_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX candidate_starter_by_user ON candidate_starter (user_id);
