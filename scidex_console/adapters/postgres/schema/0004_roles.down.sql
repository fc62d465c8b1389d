-- The roles belong to the whole cluster and may serve another database: only what they hold here goes.
DROP OWNED BY scidex_engine, scidex_operator, scidex_viewer;
