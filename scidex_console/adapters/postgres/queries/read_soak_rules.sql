SELECT now() AS taken_at, enforced, measured_every_s FROM scidex_console.soak_rule
