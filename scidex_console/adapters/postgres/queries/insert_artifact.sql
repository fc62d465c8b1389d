-- A new artifact, with both its ids and its folder's name; what the table has besides gets its defaults.
INSERT INTO artifacts (id, artifact_type, title, content_hash, metadata, provenance_chain, artifact_id, artifact_dir,
    primary_filename)
VALUES (%(id)s, %(artifact_type)s, %(title)s, %(content_hash)s, %(metadata)s, %(provenance_chain)s, %(artifact_id)s,
    %(artifact_dir)s, %(primary_filename)s)
