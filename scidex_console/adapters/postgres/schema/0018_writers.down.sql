REVOKE INSERT ON artifacts FROM scidex_writer;
DELETE FROM scidex_console.operation_entry WHERE role = 'added';
ALTER TABLE scidex_console.operation_entry
    DROP COLUMN staged,
    DROP COLUMN standing,
    DROP CONSTRAINT operation_entry_role_check,
    ADD CONSTRAINT operation_entry_role_check CHECK (role IN ('moved', 'manifest', 'link'));
ALTER TABLE scidex_console.batch DROP COLUMN writer;
