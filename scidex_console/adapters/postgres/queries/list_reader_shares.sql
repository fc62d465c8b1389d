SELECT reader, percent::float8 AS percent, changed_at, operator, reason FROM scidex_console.reader_share
