DROP INDEX scidex_console.audit_of_people;
DROP INDEX scidex_console.audit_by_time;
DROP FUNCTION scidex_console.be_gone;
DROP FUNCTION scidex_console.be_present;
DROP TABLE scidex_console.visit;
DROP TABLE scidex_console.presence;
