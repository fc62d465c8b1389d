SELECT now() AS taken_at
