SELECT to_regnamespace('scidex_console') AS found
