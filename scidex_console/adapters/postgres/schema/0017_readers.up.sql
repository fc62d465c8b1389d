-- Readers of artifacts: which share of them goes by the folder first, and what they counted.

-- One row for each kind of reader; what it was before is in the audit. Without a word from anybody, nobody reads
-- by folders first.
CREATE TABLE scidex_console.reader_share (
    reader text PRIMARY KEY CHECK (reader ~ '^[a-z_]{1,24}$'),
    percent numeric(5, 2) NOT NULL DEFAULT 0 CHECK (percent BETWEEN 0 AND 100),
    changed_at timestamptz,
    operator text NOT NULL DEFAULT '',
    origin text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT ''
);
INSERT INTO scidex_console.reader_share (reader)
VALUES ('resolve'), ('api'), ('notebook'), ('figure'), ('dataset'), ('links'), ('embed'), ('search');

-- Reads by the minute in which they were folded in: by which way, whether that was the second way, and how many
-- took up to so many microseconds (the bounds never change, so counts can be added up). Minutes of long ago are
-- thinned out to hours by the engine.
CREATE TABLE scidex_console.read_minute (
    minute timestamptz NOT NULL,
    reader text NOT NULL,
    source text NOT NULL CHECK (source IN ('folder', 'legacy', 'database')),
    fell_back boolean NOT NULL,
    up_to_us int NOT NULL CHECK (up_to_us > 0),
    n bigint NOT NULL CHECK (n > 0),
    PRIMARY KEY (minute, reader, source, fell_back, up_to_us)
) WITH (fillfactor = 70);

-- Answers of the read service, in the same way.
CREATE TABLE scidex_console.request_minute (
    minute timestamptz NOT NULL,
    route text NOT NULL CHECK (route ~ '^[a-z0-9_]{1,24}$'),
    status smallint NOT NULL CHECK (status BETWEEN 100 AND 599),
    up_to_us int NOT NULL CHECK (up_to_us > 0),
    n bigint NOT NULL CHECK (n > 0),
    PRIMARY KEY (minute, route, status, up_to_us)
) WITH (fillfactor = 70);

-- One row for each process that reads, for as long as it folds.
CREATE TABLE scidex_console.reader_process (
    session uuid PRIMARY KEY,
    operator text NOT NULL,
    name text NOT NULL,
    flag boolean NOT NULL,
    legacy boolean NOT NULL,
    version text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- What serves artifacts: it looks, and adds to counts; it can neither change nor take back what was counted.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'scidex_reader') THEN
        BEGIN
            CREATE ROLE scidex_reader NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another database of this cluster is being set up at this moment
        END;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_auth_members
                   WHERE roleid = 'scidex_viewer'::regrole AND member = 'scidex_reader'::regrole) THEN
        BEGIN
            GRANT scidex_viewer TO scidex_reader;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END IF;
END $$;

-- Counts since the last call, as rows of [reader, source, fell_back, up_to_us, n] and [route, status, up_to_us, n].
-- Added to the minute of the database's clock; in order, so that two processes never wait for each other in a ring.
CREATE FUNCTION scidex_console.count_reads(
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
REVOKE ALL ON FUNCTION scidex_console.count_reads FROM PUBLIC;

CREATE FUNCTION scidex_console.end_reading(p_session uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM scidex_console.reader_process WHERE session = p_session AND operator = session_user
$$;
REVOKE ALL ON FUNCTION scidex_console.end_reading FROM PUBLIC;

GRANT EXECUTE ON FUNCTION scidex_console.count_reads, scidex_console.end_reading TO scidex_reader;
GRANT SELECT ON scidex_console.reader_share, scidex_console.read_minute, scidex_console.request_minute,
    scidex_console.reader_process TO scidex_viewer, scidex_engine;
GRANT UPDATE (percent, changed_at, operator, origin, reason) ON scidex_console.reader_share TO scidex_engine;
GRANT INSERT, UPDATE, DELETE ON scidex_console.read_minute, scidex_console.request_minute TO scidex_engine;
