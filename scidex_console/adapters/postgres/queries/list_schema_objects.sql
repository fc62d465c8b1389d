-- What is there and does its duty: no invalid index, no trigger that was switched off.
SELECT 'table' AS kind, c.relname::text AS name
FROM pg_class AS c WHERE c.relkind = 'r' AND c.relnamespace = to_regnamespace('scidex_console')
UNION ALL
SELECT 'index', c.relname::text FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE i.indisvalid AND i.indisready AND c.relnamespace IN (
    to_regnamespace('scidex_console'), (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('artifacts')))
UNION ALL
SELECT 'trigger', t.tgname::text FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND c.relnamespace = to_regnamespace('scidex_console')
