-- Of the new columns the planner knows nothing until a tenth of the rows has changed: it takes nearly every row for migrated,
-- and reads and sorts the whole gap for the next few. The server keeps its statistics itself from here on.
ANALYZE artifacts;
