CREATE TABLE node (
  id BLOB NOT NULL,
  name TEXT NOT NULL,
  host TEXT NOT NULL,
  address TEXT,
  version TEXT NOT NULL,
  started INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  beat INTEGER NOT NULL,
  dead_since INTEGER,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
