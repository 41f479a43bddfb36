-- Which form a task has is found out when it is shown.

ALTER TABLE task DROP COLUMN form_key;
