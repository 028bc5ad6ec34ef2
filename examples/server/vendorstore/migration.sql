-- What the store adds to the tables of the vendor. All names begin with dm_.
-- Times that are compared are Unix nanoseconds, for a timestamptz knows microseconds only.

-- Revisions of devices, and ages of commands. No number comes twice, so that a device that is registered anew has no
-- revision that it had before.
CREATE SEQUENCE dm_serial;

-- The devices that are registered. It is apart from devices, which others read, because of the secrets.
CREATE TABLE dm_devices (
	device_id    bigint PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
	revision     bigint NOT NULL,
	facts        jsonb NOT NULL,
	awaited      jsonb NOT NULL DEFAULT '{}',
	generation   bigint NOT NULL,
	client_nonce bytea NOT NULL,
	server_nonce bytea NOT NULL,
	account      jsonb NOT NULL -- with secrets
);

CREATE TABLE dm_sessions (
	device_id bigint NOT NULL REFERENCES dm_devices ON DELETE CASCADE,
	key       bytea NOT NULL, -- of octets that the device chose
	state     bytea NOT NULL,
	body      bytea NOT NULL, -- the digest of the last message
	reply     bytea,          -- the answer to it
	seen      bigint NOT NULL,
	PRIMARY KEY (device_id, key)
);
CREATE INDEX dm_sessions_seen ON dm_sessions (seen);

CREATE TABLE dm_parts (
	device_id bigint NOT NULL,
	key       bytea NOT NULL,
	nth       integer NOT NULL, -- from 1
	part      bytea NOT NULL,
	PRIMARY KEY (device_id, key, nth),
	FOREIGN KEY (device_id, key) REFERENCES dm_sessions ON DELETE CASCADE
);

-- A command with a dm_request is a request of the engine, in its binary form. It waits until it has a dm_session, and then
-- is leased to that; with finished_at it is over.
ALTER TABLE commands
	ADD dm_request    text,    -- the id of the request
	ADD dm_age        bigint,  -- lower is older
	ADD dm_user_scope boolean,
	ADD dm_priority   bigint,
	ADD dm_not_before bigint,
	ADD dm_size       bigint,  -- of the payload, as the engine counts
	ADD dm_session    bytea,   -- the key of the session that has it
	ADD dm_attempts   integer NOT NULL DEFAULT 0,
	ADD dm_failures   integer NOT NULL DEFAULT 0,
	ADD CONSTRAINT dm_request_once UNIQUE (device_id, dm_request);
CREATE INDEX dm_commands_waiting ON commands (device_id, dm_user_scope, dm_priority DESC, dm_age)
	WHERE dm_request IS NOT NULL AND dm_session IS NULL AND finished_at IS NULL;
CREATE INDEX dm_commands_leased ON commands (device_id) WHERE dm_session IS NOT NULL;

-- A row with a dm_entry is an entry of the results of the engine. An event has no command.
ALTER TABLE command_results
	ADD dm_device bigint REFERENCES devices ON DELETE CASCADE,
	ADD dm_kind   text, -- result, outcome, event
	ADD dm_entry  bytea;
CREATE INDEX dm_results_entries ON command_results (id) WHERE dm_entry IS NOT NULL;
CREATE INDEX dm_results_device ON command_results (dm_device);
