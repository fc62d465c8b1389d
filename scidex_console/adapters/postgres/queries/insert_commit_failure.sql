INSERT INTO scidex_console.commit_failure (at, job, run_id, kind, reason, epoch)
VALUES (coalesce(%(at)s::timestamptz, now()), %(job)s, %(run_id)s, %(kind)s, %(reason)s, %(epoch)s)
