-- Names are octets, as devices and applications choose them; times are Unix nanoseconds. Each key begins with the
-- device, so that each table can be partitioned by it as it is.

CREATE TABLE gomadm_devices (
	device       bytea  NOT NULL PRIMARY KEY,
	revision     bigint NOT NULL,
	generation   bigint NOT NULL,
	client_nonce bytea  NOT NULL,
	server_nonce bytea  NOT NULL,
	account      bytea  NOT NULL -- with secrets
);

CREATE TABLE gomadm_facts (
	device bytea NOT NULL,
	name   bytea NOT NULL,
	value  bytea NOT NULL,
	PRIMARY KEY (device, name)
);

CREATE TABLE gomadm_awaited (
	device bytea NOT NULL,
	name   bytea NOT NULL, -- the correlator
	value  bytea NOT NULL, -- the request
	PRIMARY KEY (device, name)
);

CREATE TABLE gomadm_sessions (
	device bytea  NOT NULL,
	key    bytea  NOT NULL,
	state  bytea  NOT NULL,
	body   bytea  NOT NULL, -- the digest of the last message
	reply  bytea,           -- the answer to it
	seen   bigint NOT NULL,
	PRIMARY KEY (device, key)
);
CREATE INDEX gomadm_sessions_seen ON gomadm_sessions (seen);

CREATE TABLE gomadm_parts (
	device bytea  NOT NULL,
	key    bytea  NOT NULL, -- of the session
	nth    bigint NOT NULL, -- from 1
	part   bytea  NOT NULL,
	PRIMARY KEY (device, key, nth)
);

-- The ids of all requests that wait, are leased or have an outcome, with the SHA-256 of what they are.
CREATE TABLE gomadm_ids (
	device  bytea NOT NULL,
	request bytea NOT NULL,
	digest  bytea NOT NULL,
	PRIMARY KEY (device, request)
);

-- The requests that wait, and those that a session has.
CREATE SEQUENCE gomadm_age;
CREATE TABLE gomadm_requests (
	device     bytea    NOT NULL,
	request    bytea    NOT NULL,
	age        bigint   NOT NULL DEFAULT nextval('gomadm_age'), -- lower is older
	scope      smallint NOT NULL,
	priority   bigint   NOT NULL,
	not_before bigint   NOT NULL,
	size       bigint   NOT NULL, -- of the payload
	session    bytea,             -- the key of the session that has it
	attempts   bigint   NOT NULL,
	failures   bigint   NOT NULL,
	form       bytea    NOT NULL,
	PRIMARY KEY (device, request)
);
CREATE INDEX gomadm_requests_waiting ON gomadm_requests (device, scope, priority DESC, age)
	INCLUDE (not_before, size, request) WHERE session IS NULL;
CREATE INDEX gomadm_requests_leased ON gomadm_requests (device, session) WHERE session IS NOT NULL;

-- Results, outcomes and events, in the order of the transactions that brought them.
CREATE TABLE gomadm_results (
	device bytea    NOT NULL,
	tx     bigint   NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
	nth    bigint   NOT NULL, -- within the transaction, from 1
	kind   smallint NOT NULL,
	form   bytea    NOT NULL,
	PRIMARY KEY (device, tx, nth)
);
CREATE INDEX gomadm_results_order ON gomadm_results (tx, nth);
