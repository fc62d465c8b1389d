-- Counts since the last call, as rows of [reader, source, fell_back, up_to_us, n] and [route, status, up_to_us, n].
-- Added to the minute of the database's clock; in order, so that two processes never wait for each other in a ring.
CREATE OR REPLACE FUNCTION scidex_console.count_reads(
    p_session uuid, p_name text, p_flag boolean, p_legacy boolean, p_version text, p_reads jsonb, p_requests jsonb
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this_minute timestamptz := date_trunc('minute', now());
BEGIN
    IF jsonb_array_length(p_reads) > 2000 OR jsonb_array_length(p_requests) > 2000 THEN
        RAISE EXCEPTION 'more than 2000 counts at once';
    END IF;
    INSERT INTO scidex_console.reader_process AS p (session, operator, name, flag, legacy, version)
    VALUES (p_session, session_user, left(p_name, 40), p_flag, p_legacy, left(p_version, 60))
    ON CONFLICT (session) DO UPDATE SET flag = excluded.flag, legacy = excluded.legacy, seen_at = now()
        WHERE p.operator = session_user;
    DELETE FROM scidex_console.reader_process WHERE seen_at < now() - interval '5 minutes';
    INSERT INTO scidex_console.read_minute AS m (minute, reader, source, fell_back, up_to_us, n)
    SELECT this_minute, s.reader, c ->> 1, (c ->> 2)::boolean, (c ->> 3)::int, sum((c ->> 4)::bigint)
    FROM jsonb_array_elements(p_reads) AS c JOIN scidex_console.reader_share AS s ON s.reader = c ->> 0
    WHERE (c ->> 4)::bigint BETWEEN 1 AND 1000000000
    GROUP BY 2, 3, 4, 5 ORDER BY 2, 3, 4, 5
    ON CONFLICT (minute, reader, source, fell_back, up_to_us) DO UPDATE SET n = m.n + excluded.n;
    INSERT INTO scidex_console.request_minute AS m (minute, route, status, up_to_us, n)
    SELECT this_minute, c ->> 0, (c ->> 1)::smallint, (c ->> 2)::int, sum((c ->> 3)::bigint)
    FROM jsonb_array_elements(p_requests) AS c
    WHERE (c ->> 3)::bigint BETWEEN 1 AND 1000000000
    GROUP BY 2, 3, 4 ORDER BY 2, 3, 4
    ON CONFLICT (minute, route, status, up_to_us) DO UPDATE SET n = m.n + excluded.n;
    IF jsonb_array_length(p_reads) > 0 OR jsonb_array_length(p_requests) > 0 THEN
        PERFORM pg_notify('scidex_console', 'readers');
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION scidex_console.count_reads, scidex_console.end_reading FROM scidex_writer;
DROP TABLE scidex_console.writer_turn;
