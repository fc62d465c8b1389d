INSERT INTO scidex_console.robots (origin, read_at, status, body)
VALUES (%(origin)s, %(read_at)s, %(status)s, %(body)s)
ON CONFLICT (origin) DO UPDATE SET read_at = excluded.read_at, status = excluded.status, body = excluded.body
