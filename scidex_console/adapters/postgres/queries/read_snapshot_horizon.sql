-- Every transaction before this one has ended, and what it wrote is seen.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS seen
