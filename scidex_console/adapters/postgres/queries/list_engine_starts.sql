SELECT epoch, bool_or((after->>'writes')::boolean) AS writes FROM scidex_console.audit
WHERE action = 'engine:start' AND epoch IS NOT NULL GROUP BY epoch
