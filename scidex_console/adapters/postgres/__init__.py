"""The only room that names a table or a column. One statement a file, in `queries/`."""
