CREATE TABLE definition_generation (
  id bigint NOT NULL,
  generation bigint NOT NULL,
  PRIMARY KEY (id)
);
