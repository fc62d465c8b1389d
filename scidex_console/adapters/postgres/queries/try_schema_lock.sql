SELECT pg_try_advisory_lock(740196003, 3) AS locked
