-- The second pass: what has been suspected long enough is asked once more, and the suspicion remembered.
UPDATE scidex_console.figure SET state = 'due', due_at = now(), changed_at = now()
WHERE host_group = %(host_group)s AND state = 'suspected' AND due_at <= now()
