SELECT to_jsonb(a) AS found FROM artifacts AS a WHERE id = %(artifact_id)s
