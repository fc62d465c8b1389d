UPDATE scidex_console.soak_rule SET enforced = %(enforced)s, measured_every_s = %(every_s)s
WHERE (enforced, measured_every_s) IS DISTINCT FROM (%(enforced)s::boolean, %(every_s)s::float8)
