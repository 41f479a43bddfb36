CREATE TABLE definition_generation (
  id INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
