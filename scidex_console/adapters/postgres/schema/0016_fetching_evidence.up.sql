-- What each attempt asked, request by request, and each control: the evidence for "this figure is really gone".
ALTER TABLE scidex_console.fetch_attempt ADD COLUMN hops jsonb NOT NULL DEFAULT '[]';
ALTER TABLE scidex_console.control_check ADD COLUMN hops jsonb NOT NULL DEFAULT '[]';

-- The hours in which a group is asked are no hold: when they begin, and which they are.
ALTER TABLE scidex_console.host_state
    ADD COLUMN opens_at timestamptz,
    ADD COLUMN hours text NOT NULL DEFAULT '';
