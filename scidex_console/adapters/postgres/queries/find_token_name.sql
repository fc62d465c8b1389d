SELECT scidex_console.token_name(%(digest)s) AS name
