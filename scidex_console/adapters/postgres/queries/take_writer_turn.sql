-- Every writer of the repository waits here, an engine's batches too: PostgreSQL lets them in as they came. No snapshot is
-- kept meanwhile, so nothing else is held up.
LOCK TABLE scidex_console.writer_turn IN EXCLUSIVE MODE
