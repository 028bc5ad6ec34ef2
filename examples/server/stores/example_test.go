package stores_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/sqlstore"
)

// A request is enqueued with the order that it belongs to. What is in the file is there when it is opened again.
func Example() {
	dir, err := os.MkdirTemp("", "gomadm")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "gomadm.db")
	if err := errors.Join(order(file), show(file)); err != nil {
		log.Print(err)
	}
	// Output:
	// waiting: version
}

func openStore(file string) (*sqlstore.Store, *sql.DB, error) {
	db, err := sql.Open("sqlite",
		"file:"+file+"?_pragma=busy_timeout(100)&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_txlock=immediate")
	if err != nil {
		return nil, nil, err
	}
	s := sqlstore.New(db, sqlstore.SQLite, sqlstore.Options{})
	return s, db, s.Migrate(context.Background())
}

func order(file string) error {
	ctx := context.Background()
	s, db, err := openStore(file)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, `CREATE TABLE orders (name TEXT)`); err != nil {
		return err
	}
	if err := s.Register(ctx, session.Device{ID: "pc-7"}); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // when it was committed, this does nothing
	if _, err := tx.ExecContext(ctx, `INSERT INTO orders VALUES ('inventory')`); err != nil {
		return err
	}
	err = s.EnqueueTx(ctx, tx, "pc-7", omadm.Request{
		ID:  "version",
		Ops: []omadm.Op{{Verb: omadm.Get, URI: "./DevDetail/SwV"}},
	})
	if err != nil {
		return err
	}
	return tx.Commit()
}

func show(file string) error {
	s, db, err := openStore(file)
	if err != nil {
		return err
	}
	defer db.Close()
	rec, err := s.Load(context.Background(), session.Query{Device: "pc-7", Limit: 10, Octets: 1 << 20})
	if err != nil {
		return err
	}
	for _, p := range rec.Requests {
		fmt.Println("waiting:", p.Request.ID)
	}
	return nil
}
