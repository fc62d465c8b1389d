-- Counters: statement-level triggers append deltas, one fold a second gathers them, readers add what is
-- not folded yet. A trigger that updated the counters themselves would make every writer queue for one row.
CREATE TABLE scidex_console.counter (
    subject text NOT NULL,
    host_group text NOT NULL,
    state text NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (subject, host_group, state)
);
CREATE TABLE scidex_console.counter_delta (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    host_group text NOT NULL,
    state text NOT NULL,
    n bigint NOT NULL
);
CREATE VIEW scidex_console.count_now AS
    SELECT subject, host_group, state, sum(n)::bigint AS n
    FROM (SELECT subject, host_group, state, n FROM scidex_console.counter
          UNION ALL
          SELECT subject, host_group, state, n FROM scidex_console.counter_delta) AS both_parts
    GROUP BY subject, host_group, state;

CREATE FUNCTION scidex_console.count_figures() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        INSERT INTO scidex_console.counter_delta (subject, host_group, state, n)
        SELECT 'figure', host_group, state, count(*) FROM new_rows GROUP BY host_group, state;
    END IF;
    IF TG_OP IN ('DELETE', 'UPDATE') THEN
        INSERT INTO scidex_console.counter_delta (subject, host_group, state, n)
        SELECT 'figure', host_group, state, -count(*) FROM old_rows GROUP BY host_group, state;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER figure_counted_insert AFTER INSERT ON scidex_console.figure
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.count_figures();
CREATE TRIGGER figure_counted_update AFTER UPDATE ON scidex_console.figure
    REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.count_figures();
CREATE TRIGGER figure_counted_delete AFTER DELETE ON scidex_console.figure
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.count_figures();

CREATE FUNCTION scidex_console.count_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO scidex_console.counter_delta (subject, host_group, state, n)
    SELECT 'attempt', host_group, outcome, count(*) FROM new_rows GROUP BY host_group, outcome
    UNION ALL
    SELECT 'request', host_group, '', sum(requests) FROM new_rows GROUP BY host_group;
    RETURN NULL;
END $$;
CREATE TRIGGER attempt_counted AFTER INSERT ON scidex_console.fetch_attempt
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.count_attempts();
