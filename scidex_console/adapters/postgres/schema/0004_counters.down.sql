DROP TRIGGER figure_counted_insert ON scidex_console.figure;
DROP TRIGGER figure_counted_update ON scidex_console.figure;
DROP TRIGGER figure_counted_delete ON scidex_console.figure;
DROP TRIGGER attempt_counted ON scidex_console.fetch_attempt;
DROP FUNCTION scidex_console.count_figures, scidex_console.count_attempts;
DROP VIEW scidex_console.count_now;
DROP TABLE scidex_console.counter_delta, scidex_console.counter;
