-- viewer: looks. operator: viewer, and asks. engine: does, by column. Members are granted by the site's DBA.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'scidex_viewer') THEN
        CREATE ROLE scidex_viewer NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'scidex_operator') THEN
        CREATE ROLE scidex_operator NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'scidex_engine') THEN
        CREATE ROLE scidex_engine NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- another database of this cluster is being set up at this moment
END $$;
GRANT scidex_viewer TO scidex_operator;

GRANT USAGE ON SCHEMA scidex_console TO scidex_viewer, scidex_engine;
GRANT SELECT ON artifacts, artifact_links, artifact_migration_log TO scidex_viewer, scidex_engine;
GRANT SELECT ON ALL TABLES IN SCHEMA scidex_console TO scidex_viewer, scidex_engine;

GRANT INSERT (action, job, params, origin, reason, version) ON scidex_console.intent TO scidex_operator;
GRANT UPDATE (also_by, cancel_requested) ON scidex_console.intent TO scidex_operator;

GRANT UPDATE (artifact_id, artifact_dir, primary_filename, accessory_filenames, folder_layout_version,
              migrated_to_folder_at, metadata, updated_at) ON artifacts TO scidex_engine;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'artifacts'::regclass AND attname = 'file_path'
               AND NOT attisdropped) THEN
        GRANT UPDATE (file_path) ON artifacts TO scidex_engine;
    END IF;
END $$;
GRANT INSERT ON artifact_migration_log TO scidex_engine;
GRANT USAGE ON SEQUENCE artifact_migration_log_id_seq TO scidex_engine;
GRANT INSERT, UPDATE ON scidex_console.engine, scidex_console.run, scidex_console.intent, scidex_console.batch,
    scidex_console.operation, scidex_console.host_state, scidex_console.figure TO scidex_engine;
GRANT INSERT ON scidex_console.commit_record, scidex_console.fetch_attempt, scidex_console.audit TO scidex_engine;
GRANT INSERT, UPDATE, DELETE ON scidex_console.counter, scidex_console.counter_delta TO scidex_engine;
