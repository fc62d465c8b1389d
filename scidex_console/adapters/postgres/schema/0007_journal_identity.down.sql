DROP INDEX scidex_console.audit_by_run;
DROP TABLE scidex_console.journal;
