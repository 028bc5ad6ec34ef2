// Package sqlstore is a session.Store in an SQL database: in a file of SQLite for one machine, in PostgreSQL for any number
// of them. It takes a *sql.DB and imports no driver. Migrate makes and updates its tables, all of whose names begin with
// gomadm_, so that they fit into a database that has others.
//
//	db, err := sql.Open("sqlite", "file:gomadm.db?_pragma=busy_timeout(100)&_pragma=journal_mode(wal)&_pragma=synchronous(full)")
//	store := sqlstore.New(db, sqlstore.SQLite, sqlstore.Options{})
//	err = store.Migrate(ctx)
//
//	db, err := sql.Open("pgx", "postgres://gomadm@localhost/devices?plan_cache_mode=force_generic_plan")
//	store := sqlstore.New(db, sqlstore.PostgreSQL, sqlstore.Options{})
//
// Programs that run are in examples/server/stores.
//
// The connections of SQLite should have these settings (here as modernc.org/sqlite takes them): with a busy timeout
// processes wait for each other (in which SQLite does not look at the deadline, so it is short, and the store tries
// again), in WAL mode nobody who reads waits, and without synchronous=full the last commits can be lost with the power. Of
// PostgreSQL synchronous_commit has to be on, as it is by default, and plan_cache_mode should be force_generic_plan (with pgx
// as a parameter of the URL): otherwise PostgreSQL plans the two statements of each message anew, which takes it longer than
// running them. The driver is that of pgx (github.com/jackc/pgx/v5/stdlib), or another one that takes a slice as an array.
// SQLite in memory (":memory:") has a database for each connection, in most of which there are no tables: let the *sql.DB
// have one connection (SetMaxOpenConns), or take memstore.
//
// Load and Commit are one statement each on PostgreSQL. On SQLite they are transactions of statements that are prepared once
// for each connection, so that the *sql.DB should keep its connections (SetMaxIdleConns). A Commit counts when the revision
// of the device is still the one that was loaded; Enqueue does not touch it, and is in nobody's way. EnqueueTx is Enqueue
// within a transaction of the application. With Options.Group, Commits of different devices that come at the same time share
// a transaction, and the disk is waited for once for all of them; Loads share another. What the database refuses because of another transaction
// is tried again for the time of Options.Patience; deadlines are those of the context.
//
// A request that is over leaves its id and a digest; both and the results stay until Prune forgets them or their device is
// unregistered. No query reads more because of them.
//
// Account secrets and nonces are stored as they are: who may read the tables may read them.
package sqlstore
