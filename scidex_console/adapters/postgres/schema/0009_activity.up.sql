-- Who watches, when each operator was here last, and the audit by time and by person.

-- One row per console of an operator, for as long as it beats. A read-only console writes nothing, not even this:
-- its connections bear in their name what stands here (`queries/list_present.sql`).
CREATE TABLE scidex_console.presence (
    session uuid PRIMARY KEY,
    operator text NOT NULL,
    account text NOT NULL,
    origin text NOT NULL,
    pid int NOT NULL,
    screen text NOT NULL,
    version text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    -- When the operator last pressed a key; when the console last said that it lives.
    active_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- Until when each person was here last, whichever console it was.
CREATE TABLE scidex_console.visit (
    operator text NOT NULL,
    account text NOT NULL,
    active_at timestamptz NOT NULL,
    PRIMARY KEY (operator, account)
) WITH (fillfactor = 50);

-- A beat. Gives back until when the same person was here before it; null at the first visit. Consoles that ended
-- without a word are cleared away by the others.
CREATE FUNCTION scidex_console.be_present(
    p_session uuid, p_account text, p_origin text, p_pid int, p_screen text, p_version text, p_idle_s double precision
) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    active timestamptz := now() - make_interval(secs => least(greatest(p_idle_s, 0), 1e9));
    before timestamptz;
BEGIN
    SELECT v.active_at INTO before FROM scidex_console.visit AS v
    WHERE v.operator = session_user AND v.account = p_account;
    INSERT INTO scidex_console.visit AS v (operator, account, active_at)
    VALUES (session_user, left(p_account, 60), active)
    ON CONFLICT (operator, account) DO UPDATE SET active_at = excluded.active_at
        WHERE v.active_at < excluded.active_at;
    INSERT INTO scidex_console.presence AS p (session, operator, account, origin, pid, screen, version, active_at)
    VALUES (p_session, session_user, left(p_account, 60), left(p_origin, 200), p_pid, left(p_screen, 40),
            left(p_version, 60), active)
    ON CONFLICT (session) DO UPDATE SET screen = excluded.screen, active_at = excluded.active_at, seen_at = now()
        WHERE p.operator = session_user;
    DELETE FROM scidex_console.presence WHERE seen_at < now() - interval '5 minutes';
    RETURN before;
END $$;
REVOKE ALL ON FUNCTION scidex_console.be_present FROM PUBLIC;

CREATE FUNCTION scidex_console.be_gone(p_session uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM scidex_console.presence WHERE session = p_session AND operator = session_user
$$;
REVOKE ALL ON FUNCTION scidex_console.be_gone FROM PUBLIC;

GRANT SELECT ON scidex_console.presence, scidex_console.visit TO scidex_viewer, scidex_engine;
GRANT EXECUTE ON FUNCTION scidex_console.be_present, scidex_console.be_gone TO scidex_operator;

CREATE INDEX audit_by_time ON scidex_console.audit (at);
CREATE INDEX audit_of_people ON scidex_console.audit (id DESC) WHERE operator <> 'engine';
