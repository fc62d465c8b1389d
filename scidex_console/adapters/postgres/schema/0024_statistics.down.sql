-- What the server knows of a table goes with its columns.
SELECT 1;
