package sqlstore_test

import (
	"context"
	"database/sql"
	"log"
	"net/http"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/sqlstore"
)

// A server on a file of SQLite. The program imports a driver, here _ "modernc.org/sqlite". Programs that run are in
// examples/server/stores, as this module has no driver.
func Example() {
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file:gomadm.db?_pragma=busy_timeout(100)&_pragma=journal_mode(wal)&_pragma=synchronous(full)")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	store := sqlstore.New(db, sqlstore.SQLite, sqlstore.Options{})
	if err := store.Migrate(ctx); err != nil { // at each start
		log.Print(err)
		return
	}
	if err := store.Register(ctx, session.Device{ID: "pc-7"}); err != nil {
		log.Print(err)
		return
	}
	handler, err := session.New(session.Config{Store: store, Authenticator: session.InsecureTrust{}}) // on loopback only
	if err != nil {
		log.Print(err)
		return
	}
	log.Print(http.ListenAndServe("127.0.0.1:8080", handler))
}

// A request is queued if and only if the transaction of the application is committed.
func ExampleStore_EnqueueTx() {
	var (
		ctx   = context.Background()
		db    *sql.DB         // both as in the example of the package
		store *sqlstore.Store // on db
	)
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer tx.Rollback() // when it was committed, this does nothing
	if _, err := tx.ExecContext(ctx, `UPDATE laptops SET owner = 'accounting' WHERE name = 'pc-7'`); err != nil {
		log.Print(err)
		return
	}
	err = store.EnqueueTx(ctx, tx, "pc-7", omadm.Request{
		ID: "version", Ops: []omadm.Op{{Verb: omadm.Get, URI: "./DevDetail/SwV"}},
	})
	if err != nil {
		log.Print(err)
		return
	}
	if err := tx.Commit(); err != nil {
		log.Print(err)
	}
}
