-- Commits of writers (`commit_artifact`): batches that are no engine's own, and the files they bring.

ALTER TABLE scidex_console.batch
    -- Who had it committed; empty of an engine's own.
    ADD COLUMN writer text NOT NULL DEFAULT '';
ALTER TABLE scidex_console.operation_entry
    -- Of an added file: its staged file, and whether it lay at its place before.
    ADD COLUMN staged text NOT NULL DEFAULT '',
    ADD COLUMN standing boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT operation_entry_role_check,
    ADD CONSTRAINT operation_entry_role_check CHECK (role IN ('moved', 'added', 'manifest', 'link'));

-- Who writes artifacts: an engine's rights on the journal, and new rows of `artifacts`.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'scidex_writer') THEN
        BEGIN
            CREATE ROLE scidex_writer NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another database of this cluster is being set up at this moment
        END;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_auth_members
                   WHERE roleid = 'scidex_engine'::regrole AND member = 'scidex_writer'::regrole) THEN
        BEGIN
            GRANT scidex_engine TO scidex_writer;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END IF;
END $$;
GRANT INSERT ON artifacts TO scidex_writer;
