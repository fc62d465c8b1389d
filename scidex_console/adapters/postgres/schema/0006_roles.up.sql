-- viewer: looks. operator: viewer, and asks. engine: does, by column. Members are granted by the site's DBA.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['scidex_viewer', 'scidex_operator', 'scidex_engine'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of this cluster is being set up at this moment
            END;
        END IF;
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_auth_members
                   WHERE roleid = 'scidex_viewer'::regrole AND member = 'scidex_operator'::regrole) THEN
        BEGIN
            GRANT scidex_viewer TO scidex_operator;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO scidex_viewer, scidex_engine',
                   (SELECT relnamespace::regnamespace FROM pg_class WHERE oid = 'artifacts'::regclass));
END $$;

GRANT USAGE ON SCHEMA scidex_console TO scidex_viewer, scidex_engine;
GRANT SELECT ON artifacts, artifact_links, artifact_migration_log TO scidex_viewer, scidex_engine;
GRANT SELECT ON ALL TABLES IN SCHEMA scidex_console TO scidex_viewer, scidex_engine;

GRANT EXECUTE ON FUNCTION scidex_console.submit_intent, scidex_console.cancel_intent TO scidex_operator;

GRANT UPDATE (artifact_id, artifact_dir, primary_filename, accessory_filenames, folder_layout_version,
              migrated_to_folder_at, metadata, updated_at) ON artifacts TO scidex_engine;
DO $$
DECLARE
    log_ids text := pg_get_serial_sequence('artifact_migration_log', 'id');
BEGIN
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'artifacts'::regclass AND attname = 'file_path'
               AND NOT attisdropped) THEN
        GRANT UPDATE (file_path) ON artifacts TO scidex_engine;
    END IF;
    IF log_ids IS NOT NULL THEN
        EXECUTE format('GRANT USAGE ON SEQUENCE %s TO scidex_engine', log_ids);
    END IF;
END $$;
GRANT INSERT ON artifact_migration_log TO scidex_engine;
-- The survey is compared with the work table in a temporary one.
DO $$
BEGIN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO scidex_engine', current_database());
END $$;

-- Of an intent the engine says what became of it; who asked for what, and why, stays as it was asked.
GRANT UPDATE (state, waits_on, outcome, settled_at) ON scidex_console.intent TO scidex_engine;
-- Of an operation it says how far it is; what the row was, and was to be, stays as it was journalled.
GRANT INSERT ON scidex_console.operation TO scidex_engine;
GRANT UPDATE (state, blob, staged, reason) ON scidex_console.operation TO scidex_engine;
GRANT UPDATE ON scidex_console.engine TO scidex_engine;
GRANT INSERT, UPDATE ON scidex_console.run, scidex_console.batch, scidex_console.host_state TO scidex_engine;
GRANT INSERT ON scidex_console.commit_record, scidex_console.fetch_attempt, scidex_console.audit TO scidex_engine;
GRANT INSERT, UPDATE, DELETE ON scidex_console.figure, scidex_console.counter, scidex_console.counter_delta
    TO scidex_engine;
