SELECT (SELECT count(*) FROM artifacts WHERE migrated_to_folder_at IS NULL)
       - (SELECT count(*) FROM scidex_console.folder AS f JOIN artifacts AS a ON a.id = f.artifact_id
          WHERE a.migrated_to_folder_at IS NULL AND (f.state <> 'due' OR f.due_at > now())) AS due,
    (SELECT count(*) FROM scidex_console.folder AS f JOIN artifacts AS a ON a.id = f.artifact_id
     WHERE f.state = 'due' AND f.due_at > now()) AS later,
    (SELECT min(f.due_at) FROM scidex_console.folder AS f JOIN artifacts AS a ON a.id = f.artifact_id
     WHERE f.state = 'due' AND f.due_at > now()) AS next_at
