-- Versions of the Camunda forms that have been deployed.

CREATE TABLE camunda_form_definition (
  id BLOB NOT NULL,
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  deployment_id BLOB NOT NULL,
  resource_name TEXT NOT NULL,
  tenant_id TEXT,
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX camunda_form_definition_by_key ON camunda_form_definition (key, version);
CREATE INDEX camunda_form_definition_by_deployment ON camunda_form_definition (deployment_id);
