CREATE TEMPORARY TABLE survey (
    artifact_id text PRIMARY KEY, url text NOT NULL, host_group text NOT NULL, marked boolean NOT NULL
) ON COMMIT DROP
