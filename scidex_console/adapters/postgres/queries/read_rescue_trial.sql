-- What the engine found in a trial of the rescue, by the intent that asked for it.
SELECT after -> 'result' AS result FROM scidex_console.audit
WHERE intent_id = %(intent_id)s AND action = 'intent:rescue' ORDER BY id DESC LIMIT 1
