-- Names are octets, as devices and applications choose them; times are Unix nanoseconds.

CREATE TABLE gomadm_devices (
	device       BLOB    NOT NULL PRIMARY KEY,
	revision     INTEGER NOT NULL,
	generation   INTEGER NOT NULL,
	client_nonce BLOB    NOT NULL,
	server_nonce BLOB    NOT NULL,
	account      BLOB    NOT NULL -- with secrets
);

CREATE TABLE gomadm_facts (
	device BLOB NOT NULL,
	name   BLOB NOT NULL,
	value  BLOB NOT NULL,
	PRIMARY KEY (device, name)
) WITHOUT ROWID;

CREATE TABLE gomadm_awaited (
	device BLOB NOT NULL,
	name   BLOB NOT NULL, -- the correlator
	value  BLOB NOT NULL, -- the request
	PRIMARY KEY (device, name)
) WITHOUT ROWID;

CREATE TABLE gomadm_sessions (
	device BLOB    NOT NULL,
	key    BLOB    NOT NULL,
	state  BLOB    NOT NULL,
	body   BLOB    NOT NULL, -- the digest of the last message
	reply  BLOB,             -- the answer to it
	seen   INTEGER NOT NULL,
	PRIMARY KEY (device, key)
);
CREATE INDEX gomadm_sessions_seen ON gomadm_sessions (seen);

CREATE TABLE gomadm_parts (
	device BLOB    NOT NULL,
	key    BLOB    NOT NULL, -- of the session
	nth    INTEGER NOT NULL, -- from 1
	part   BLOB    NOT NULL,
	PRIMARY KEY (device, key, nth)
);

-- The ids of all requests that wait, are leased or have an outcome, with the SHA-256 of what they are.
CREATE TABLE gomadm_ids (
	device  BLOB NOT NULL,
	request BLOB NOT NULL,
	digest  BLOB NOT NULL,
	PRIMARY KEY (device, request)
) WITHOUT ROWID;

-- The requests that wait, and those that a session has. A new one is older than none there is.
CREATE TABLE gomadm_requests (
	age        INTEGER PRIMARY KEY, -- lower is older
	device     BLOB    NOT NULL,
	request    BLOB    NOT NULL,
	scope      INTEGER NOT NULL,
	priority   INTEGER NOT NULL,
	not_before INTEGER NOT NULL,
	size       INTEGER NOT NULL, -- of the payload
	session    BLOB,             -- the key of the session that has it
	attempts   INTEGER NOT NULL,
	failures   INTEGER NOT NULL,
	form       BLOB    NOT NULL,
	UNIQUE (device, request)
);
CREATE INDEX gomadm_requests_waiting ON gomadm_requests (device, scope, priority DESC, age, not_before, size, request)
	WHERE session IS NULL;
CREATE INDEX gomadm_requests_leased ON gomadm_requests (device, session) WHERE session IS NOT NULL;

-- Results, outcomes and events, in the order in which they were committed.
CREATE TABLE gomadm_results (
	serial INTEGER PRIMARY KEY AUTOINCREMENT,
	device BLOB    NOT NULL,
	kind   INTEGER NOT NULL,
	form   BLOB    NOT NULL
);
CREATE INDEX gomadm_results_device ON gomadm_results (device);
