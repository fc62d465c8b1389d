SELECT artifact_id FROM scidex_console.register_adopted(%(batch_id)s, %(besides)s) AS t (artifact_id)
