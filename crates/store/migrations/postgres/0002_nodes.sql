CREATE TABLE node (
  id uuid NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  host TEXT COLLATE "C" NOT NULL,
  address TEXT COLLATE "C",
  version TEXT COLLATE "C" NOT NULL,
  started bigint NOT NULL,
  last_seen bigint NOT NULL,
  beat bigint NOT NULL,
  dead_since bigint,
  PRIMARY KEY (id)
);
