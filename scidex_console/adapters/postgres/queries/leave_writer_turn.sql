SELECT pg_advisory_unlock(740196003, 4) AS released
