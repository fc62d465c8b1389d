-- What a reader can hinder by what it may do: it takes no lock that writers wait for, and its counts stay in bounds.

-- The writers' turn is a lock on this table, which wants a right on it. An advisory lock wants none, so that whoever may
-- connect could have kept all writers out.
CREATE TABLE scidex_console.writer_turn ();
GRANT SELECT, UPDATE ON scidex_console.writer_turn TO scidex_engine;

-- The writers' library resolves artifacts, which counts as reading.
GRANT EXECUTE ON FUNCTION scidex_console.count_reads, scidex_console.end_reading TO scidex_writer;

-- As before (0017), but one process adds a million to a count at most, all of them together make no more rows than there
-- can be, and whoever keeps a count locked is not waited for: what could not be added comes with the next call. Processes
-- of long ago go before the living are counted, of each login by itself: whoever left many rows behind, or makes many,
-- keeps nobody else from counting.
CREATE OR REPLACE FUNCTION scidex_console.count_reads(
    p_session uuid, p_name text, p_flag boolean, p_legacy boolean, p_version text, p_reads jsonb, p_requests jsonb
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
    this_minute timestamptz := date_trunc('minute', now());
BEGIN
    IF jsonb_array_length(p_reads) > 2000 OR jsonb_array_length(p_requests) > 2000 THEN
        RAISE EXCEPTION 'more than 2000 counts at once';
    END IF;
    DELETE FROM scidex_console.reader_process WHERE seen_at < now() - interval '5 minutes';
    IF (SELECT count(*) FROM scidex_console.reader_process WHERE operator = session_user AND session <> p_session) >= 200
        OR (SELECT count(*) FROM scidex_console.read_minute WHERE minute = this_minute) >= 50000
        OR (SELECT count(*) FROM scidex_console.request_minute WHERE minute = this_minute) >= 50000 THEN
        RAISE EXCEPTION 'more processes, or kinds of counts in one minute, than there can be';
    END IF;
    INSERT INTO scidex_console.reader_process AS p (session, operator, name, flag, legacy, version)
    VALUES (p_session, session_user, left(p_name, 40), p_flag, p_legacy, left(p_version, 60))
    ON CONFLICT (session) DO UPDATE SET flag = excluded.flag, legacy = excluded.legacy, seen_at = now()
        WHERE p.operator = session_user;
    INSERT INTO scidex_console.read_minute AS m (minute, reader, source, fell_back, up_to_us, n)
    SELECT this_minute, s.reader, c ->> 1, (c ->> 2)::boolean, (c ->> 3)::int, sum((c ->> 4)::bigint)
    FROM jsonb_array_elements(p_reads) AS c JOIN scidex_console.reader_share AS s ON s.reader = c ->> 0
    WHERE (c ->> 4)::bigint BETWEEN 1 AND 1000000
    GROUP BY 2, 3, 4, 5 ORDER BY 2, 3, 4, 5
    ON CONFLICT (minute, reader, source, fell_back, up_to_us) DO UPDATE SET n = m.n + excluded.n;
    INSERT INTO scidex_console.request_minute AS m (minute, route, status, up_to_us, n)
    SELECT this_minute, c ->> 0, (c ->> 1)::smallint, (c ->> 2)::int, sum((c ->> 3)::bigint)
    FROM jsonb_array_elements(p_requests) AS c
    WHERE (c ->> 3)::bigint BETWEEN 1 AND 1000000
    GROUP BY 2, 3, 4 ORDER BY 2, 3, 4
    ON CONFLICT (minute, route, status, up_to_us) DO UPDATE SET n = m.n + excluded.n;
    IF jsonb_array_length(p_reads) > 0 OR jsonb_array_length(p_requests) > 0 THEN
        PERFORM pg_notify('scidex_console', 'readers');
    END IF;
END $$;
