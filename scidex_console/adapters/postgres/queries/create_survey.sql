CREATE TEMPORARY TABLE survey (
    artifact_id text PRIMARY KEY, url text NOT NULL, host_group text NOT NULL, marked boolean NOT NULL,
    -- Of a file found where it belongs; empty when there is none.
    sha256 text NOT NULL, size_bytes bigint NOT NULL, extension text NOT NULL
) ON COMMIT DROP
