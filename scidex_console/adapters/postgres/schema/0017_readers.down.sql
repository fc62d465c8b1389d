DROP FUNCTION scidex_console.end_reading;
DROP FUNCTION scidex_console.count_reads;
DROP TABLE scidex_console.reader_process;
DROP TABLE scidex_console.request_minute;
DROP TABLE scidex_console.read_minute;
DROP TABLE scidex_console.reader_share;
