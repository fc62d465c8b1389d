-- A folder that a row had named before lies where that said, whatever the layout is.
SELECT e.path
FROM scidex_console.operation AS o JOIN scidex_console.operation_entry AS e ON e.operation_id = o.id
WHERE e.role = 'manifest' AND o.state IN ('prepared', 'done', 'kept', 'rolled_back')
  AND o.before->>'artifact_dir' IS NULL
ORDER BY o.id LIMIT 1
