-- What is compared: so long before the phase was first begun, and so long of the soak itself, at most its length.
-- A phase begun anew is compared with the time before it was begun first: its own failures are not the usual.
WITH entry AS (SELECT * FROM scidex_console.soak_phase WHERE id = %(phase_id)s),
    first AS (SELECT min(p.begun_at) AS begun_at FROM scidex_console.soak_phase AS p JOIN entry USING (phase))
SELECT now() AS now, r.events_since, first.begun_at AS before_until,
    first.begun_at - make_interval(secs => %(baseline_s)s) AS before_since,
    greatest(entry.begun_at, now() - make_interval(secs => entry.needed_s)) AS during_since
FROM entry, first, scidex_console.soak_rule AS r
