-- Nothing could be claimed: the batch never was. (The engine may not delete; the row is closed instead.)
UPDATE scidex_console.batch SET state = 'empty', settled_at = now() WHERE id = %(id)s
