-- From the catalogue, as the search path finds the tables: information_schema hides what one may not use.
SELECT t.name AS table_name, a.attname AS column_name, format_type(a.atttypid, NULL) AS type_name
FROM unnest(%(tables)s::text[]) AS t (name)
JOIN pg_attribute AS a ON a.attrelid = to_regclass(t.name) AND a.attnum > 0 AND NOT a.attisdropped
