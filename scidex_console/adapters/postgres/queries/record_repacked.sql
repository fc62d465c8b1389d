UPDATE scidex_console.folder_census SET bytes = %(bytes)s, bytes_repacked = %(bytes)s
