UPDATE scidex_console.folder_census SET files = %(files)s, bytes = %(bytes)s, orphans = %(orphans)s,
    with_files = %(with_files)s, hash_advice = %(hash_advice)s, surveyed_at = now(),
    files_at_start = coalesce(files_at_start, %(files)s), bytes_at_start = coalesce(bytes_at_start, %(bytes)s)
