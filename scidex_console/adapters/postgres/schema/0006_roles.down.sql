-- The roles belong to the whole cluster and may serve another database: only what they hold here goes. What
-- they hold in our own schema goes with its tables.
DO $$
DECLARE
    held text;
    log_ids text := pg_get_serial_sequence('artifact_migration_log', 'id');
BEGIN
    FOREACH held IN ARRAY ARRAY['scidex_viewer', 'scidex_operator', 'scidex_engine'] LOOP
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = held) THEN
            EXECUTE format('REVOKE ALL ON artifacts, artifact_links, artifact_migration_log FROM %I', held);
            EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA scidex_console FROM %I', held);
            EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA scidex_console FROM %I', held);
            IF log_ids IS NOT NULL THEN
                EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM %I', log_ids, held);
            END IF;
            EXECUTE format('REVOKE ALL ON SCHEMA scidex_console FROM %I', held);
            EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM %I', current_database(), held);
            EXECUTE format('REVOKE ALL ON SCHEMA %s FROM %I',
                           (SELECT relnamespace::regnamespace FROM pg_class WHERE oid = 'artifacts'::regclass), held);
        END IF;
    END LOOP;
END $$;
