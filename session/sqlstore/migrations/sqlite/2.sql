-- Where a device is pushed to, and when it was woken last.
CREATE TABLE gomadm_pushes (
	device  BLOB NOT NULL PRIMARY KEY,
	uri     BLOB,    -- of the channel; NULL: it has none
	expires INTEGER, -- NULL: not known
	woken   INTEGER  -- NULL: it was not
) WITHOUT ROWID;
