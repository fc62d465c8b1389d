SELECT subject, host_group, state, n FROM scidex_console.count_now
