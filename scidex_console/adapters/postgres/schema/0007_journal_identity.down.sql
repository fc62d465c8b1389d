DROP INDEX scidex_console.audit_of_halts;
DROP TABLE scidex_console.journal;
