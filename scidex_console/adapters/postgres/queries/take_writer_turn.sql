-- Every writer of the repository waits here, an engine's batches too: PostgreSQL lets them in as they came.
SELECT pg_advisory_lock(740196003, 4)
