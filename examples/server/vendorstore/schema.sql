-- What the vendor of this example had before: devices of many kinds, commands for them, and what came of these.

CREATE TABLE devices (
	id          bigserial PRIMARY KEY,
	udid        text NOT NULL UNIQUE,
	platform    text NOT NULL,
	owner       text,
	enrolled_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE commands (
	uuid        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	device_id   bigint NOT NULL REFERENCES devices ON DELETE CASCADE,
	payload     bytea NOT NULL,
	status      text NOT NULL DEFAULT 'queued',
	created_at  timestamptz NOT NULL DEFAULT now(),
	finished_at timestamptz
);

CREATE TABLE command_results (
	id           bigserial PRIMARY KEY,
	command_uuid uuid REFERENCES commands ON DELETE SET NULL,
	code         integer,
	result       json,
	received_at  timestamptz NOT NULL DEFAULT now()
);
