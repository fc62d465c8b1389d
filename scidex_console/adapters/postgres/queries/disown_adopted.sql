SELECT artifact_id FROM scidex_console.disown_adopted(%(batch_id)s) AS t (artifact_id)
