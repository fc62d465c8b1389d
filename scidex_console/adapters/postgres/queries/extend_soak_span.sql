UPDATE scidex_console.soak_span SET until_at = now(), counted_s = counted_s + %(counted_s)s, why = %(why)s
WHERE id = %(id)s
