UPDATE scidex_console.folder_census SET bytes = %(before)s, bytes_repacked = %(after)s
