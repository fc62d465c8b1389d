DROP TABLE scidex_console.folder_census, scidex_console.folder_claim, scidex_console.folder,
    scidex_console.operation_entry;
ALTER TABLE scidex_console.operation DROP COLUMN log, DROP COLUMN commit_id;
DROP FUNCTION scidex_console.row_stands;
