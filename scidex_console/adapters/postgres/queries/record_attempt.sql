-- The number of attempts before is the guard: a repeated call finds it moved and does nothing.
WITH guarded AS (
    SELECT artifact_id FROM scidex_console.figure
    WHERE artifact_id = %(artifact_id)s AND attempts = %(attempts_before)s AND state = 'due' AND url = %(url)s
    FOR UPDATE
), attempt AS (
    INSERT INTO scidex_console.fetch_attempt (run_id, artifact_id, title, url, final_url, host, host_group, outcome,
        status, reason, requests, size_bytes, sha256, media_type, started_at, took_ms, epoch,
        hops)
    SELECT %(run_id)s, artifact_id, %(title)s, %(url)s, %(final_url)s, %(host)s, %(host_group)s, %(outcome)s,
        %(status)s, %(reason)s, %(requests)s, %(size_bytes)s, %(sha256)s, %(media_type)s, %(started_at)s,
        %(took_ms)s, %(epoch)s, %(hops)s
    FROM guarded
    RETURNING id, artifact_id
), proven AS (
    INSERT INTO scidex_console.death_proof (attempt_id, artifact_id, proof)
    SELECT id, artifact_id, %(proof)s FROM attempt WHERE %(state)s = 'condemned'
), stepped AS (
    -- With the attempt, so that a step of rows counts each exactly once, whatever crashes in between.
    UPDATE scidex_console.run AS r SET steps_left = greatest(r.steps_left - 1, 0)
    FROM attempt WHERE r.id = %(run_id)s AND r.state = 'stepping' AND r.step_unit = 'item'
)
UPDATE scidex_console.figure AS f
SET attempts = f.attempts + 1, state = %(state)s,
    -- By this clock, not the engine's: a clock that jumped must not put a row off for years.
    due_at = %(due_at)s::timestamptz + coalesce(now() - %(judged_at)s::timestamptz, interval '0'),
    last_attempt_id = attempt.id, last_outcome = %(outcome)s, staged = %(staged)s, sha256 = %(staged_sha256)s, size_bytes = %(staged_size)s,
    extension = %(extension)s, resolved_url = %(resolved_url)s, resolved_by = %(resolved_by)s,
    rescue_tried = CASE WHEN %(rescue_tried)s = '' THEN f.rescue_tried ELSE %(rescue_tried)s END,
    -- Trouble says nothing about whether a figure is gone; any other answer does.
    suspected_at = CASE WHEN %(outcome)s = 'dead' THEN coalesce(f.suspected_at, now())
                        WHEN %(outcome)s IN ('transient', 'blocked') THEN f.suspected_at END,
    changed_at = now()
FROM attempt WHERE f.artifact_id = attempt.artifact_id
