INSERT INTO scidex_console.commit_failure (job, run_id, kind, reason, epoch)
VALUES (%(job)s, %(run_id)s, %(kind)s, %(reason)s, %(epoch)s)
