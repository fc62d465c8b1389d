INSERT INTO scidex_console.host_state (host_group, rate, in_flight_limit, in_flight, waiting, next_at, hold_until,
    hold_cause, holds_in_a_row, breaker, breaker_until, failures_in_a_row, breaker_openings, override_rate,
    override_in_flight, override_until, override_by, override_reason, head_trust, opens_at, hours, hosts)
VALUES (%(host_group)s, %(rate)s, %(in_flight_limit)s, %(in_flight)s, %(waiting)s, %(next_at)s, %(hold_until)s,
    %(hold_cause)s, %(holds_in_a_row)s, %(breaker)s, %(breaker_until)s, %(failures_in_a_row)s,
    %(breaker_openings)s, %(override_rate)s, %(override_in_flight)s, %(override_until)s, %(override_by)s,
    %(override_reason)s, %(head_trust)s, %(opens_at)s, %(hours)s, %(hosts)s)
ON CONFLICT (host_group) DO UPDATE SET
    rate = excluded.rate, in_flight_limit = excluded.in_flight_limit, in_flight = excluded.in_flight,
    waiting = excluded.waiting, next_at = excluded.next_at, hold_until = excluded.hold_until,
    hold_cause = excluded.hold_cause, holds_in_a_row = excluded.holds_in_a_row, breaker = excluded.breaker,
    breaker_until = excluded.breaker_until, failures_in_a_row = excluded.failures_in_a_row,
    breaker_openings = excluded.breaker_openings, override_rate = excluded.override_rate,
    override_in_flight = excluded.override_in_flight, override_until = excluded.override_until,
    override_by = excluded.override_by, override_reason = excluded.override_reason,
    head_trust = excluded.head_trust, opens_at = excluded.opens_at, hours = excluded.hours, hosts = excluded.hosts,
    changed_at = now()
