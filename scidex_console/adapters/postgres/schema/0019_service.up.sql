-- The read service: what was moved from where, and the tokens of those who may add files.

CREATE INDEX operation_entry_by_source ON scidex_console.operation_entry (source) WHERE source <> '';

-- A token is 32 random bytes, kept as their hash alone. What is revoked stays, as the audit names it.
CREATE TABLE scidex_console.token (
    name text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,39}$'),
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL DEFAULT session_user,
    reason text NOT NULL CHECK (reason <> ''),
    revoked_at timestamptz,
    revoked_by text NOT NULL DEFAULT ''
);
GRANT SELECT (name, created_at, created_by, reason, revoked_at, revoked_by) ON scidex_console.token
    TO scidex_viewer, scidex_engine;

-- False when the name is taken, by a revoked one as well.
CREATE FUNCTION scidex_console.create_token(
    p_name text, p_digest bytea, p_origin text, p_reason text, p_version text
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO scidex_console.token (name, digest, created_by, reason)
    VALUES (p_name, p_digest, session_user, p_reason) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO scidex_console.audit (operator, origin, reason, version, action, after, outcome)
    VALUES (session_user, p_origin, p_reason, p_version, 'create_token', jsonb_build_object('token', p_name), 'created');
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION scidex_console.create_token FROM PUBLIC;

-- False when there is none of this name that counts.
CREATE FUNCTION scidex_console.revoke_token(p_name text, p_origin text, p_reason text, p_version text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE scidex_console.token SET revoked_at = now(), revoked_by = session_user
    WHERE name = p_name AND revoked_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO scidex_console.audit (operator, origin, reason, version, action, before, outcome)
    VALUES (session_user, p_origin, p_reason, p_version, 'revoke_token', jsonb_build_object('token', p_name), 'revoked');
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION scidex_console.revoke_token FROM PUBLIC;

-- Whose token it is; null for one that was never made, or was revoked. The service may ask, and not list hashes.
CREATE FUNCTION scidex_console.token_name(p_digest bytea) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT name FROM scidex_console.token WHERE digest = p_digest AND revoked_at IS NULL
$$;
REVOKE ALL ON FUNCTION scidex_console.token_name FROM PUBLIC;

GRANT EXECUTE ON FUNCTION scidex_console.create_token, scidex_console.revoke_token TO scidex_operator;
GRANT EXECUTE ON FUNCTION scidex_console.token_name TO scidex_reader;
