package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/sqlstore"
)

// inMemory is the name of the database that ends with the process.
const inMemory = "memory"

// connections is how many connections a process has to its database, at most.
const connections = 16

// database is a store and what it is kept in.
type database struct {
	store
	// delay is how long a result may take to be listed after its commit, while other transactions end.
	delay time.Duration
	pool  *sql.DB // nil in memory
}

// close closes the database.
func (db database) close() error {
	if db.pool == nil {
		return nil
	}
	return db.pool.Close()
}

// openDatabase opens the database that -db names, and brings its tables to the version of this program. Commits of
// different devices share transactions as group says.
func openDatabase(ctx context.Context, name string, group sqlstore.Group) (database, error) {
	if name == inMemory {
		return database{store: new(memstore.Store)}, nil
	}
	driver, dialect, delay, dsnOf := "sqlite", sqlstore.SQLite, time.Duration(0), sqliteDSN
	if postgres(name) {
		driver, dialect, delay, dsnOf = "pgx", sqlstore.PostgreSQL, 10*time.Second, postgresDSN
	}
	dsn, err := dsnOf(name)
	if err != nil {
		return database{}, fmt.Errorf("server: database: %w", err)
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return database{}, fmt.Errorf("server: database: %w", err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	s := sqlstore.New(db, dialect, sqlstore.Options{Group: group})
	if err := s.Migrate(ctx); err != nil {
		return database{}, errors.Join(fmt.Errorf("server: database: %w", err), db.Close())
	}
	return database{store: s, delay: delay, pool: db}, nil
}

// postgres reports whether the name of a database is a URL of PostgreSQL.
func postgres(name string) bool {
	return strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://")
}

// postgresDSN returns a URL with the settings that the documentation of sqlstore asks for, unless it has others.
func postgresDSN(name string) (string, error) {
	u, err := url.Parse(name)
	if err != nil {
		return "", errors.New("the URL is not one") // which may hold a password
	}
	q := u.Query()
	if !q.Has("plan_cache_mode") {
		q.Set("plan_cache_mode", "force_generic_plan")
		u.RawQuery = q.Encode()
	}
	return u.String(), nil
}

// sqliteDSN makes the file of a database if it is not there, for nobody else to read, and returns its name with the settings
// that the documentation of sqlstore asks for.
func sqliteDSN(name string) (string, error) {
	file, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	// A file that is there is not opened: closing it would take the locks away that this process has on it.
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case err == nil:
		if err := f.Close(); err != nil {
			return "", err
		}
	case !errors.Is(err, fs.ErrExist):
		return "", err
	}
	path := "/" + strings.TrimPrefix(filepath.ToSlash(file), "/") // on Windows it begins with a letter
	settings := "_pragma=busy_timeout(100)&_pragma=journal_mode(wal)&_pragma=synchronous(full)"
	return (&url.URL{Scheme: "file", Path: path, RawQuery: settings}).String(), nil
}
