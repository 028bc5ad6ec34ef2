-- Where a device is pushed to, and when it was woken last.
CREATE TABLE gomadm_pushes (
	device  bytea NOT NULL PRIMARY KEY,
	uri     bytea,  -- of the channel; NULL: it has none
	expires bigint, -- NULL: not known
	woken   bigint  -- NULL: it was not
);
