SELECT reader, percent::float8 AS percent FROM scidex_console.reader_share
