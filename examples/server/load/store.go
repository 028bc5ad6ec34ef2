package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/sqlstore"
)

// Stores that the server of its own keeps its devices in.
const (
	memory   = "memory"
	sqlite   = "sqlite"
	postgres = "postgres"
)

// connections is how many connections the server has to its database, at most.
const connections = 16

// store is a store that the administrator's interface can do all with.
type store interface {
	session.Store
	session.Registrar
}

// openStore opens the store of a setup. The caller closes it.
func (s *setup) openStore(ctx context.Context) (store, func() error, error) {
	driver, dsn, dialect := "pgx", s.DB, sqlstore.PostgreSQL
	switch s.Store {
	case postgres:
	case sqlite:
		driver, dsn, dialect = "sqlite", sqliteDSN(s.DB), sqlstore.SQLite
	default:
		return new(memstore.Store), func() error { return nil }, nil
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, nil, fmt.Errorf("load: server: database: %w", err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	opened := sqlstore.New(db, dialect, sqlstore.Options{Group: sqlstore.Group{Size: s.Group}})
	if err := opened.Migrate(ctx); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("load: server: database: %w", err), db.Close())
	}
	return opened, db.Close, nil
}

// sqliteDSN returns the name of a file with the settings that the documentation of sqlstore asks for.
func sqliteDSN(file string) string {
	path := "/" + strings.TrimPrefix(filepath.ToSlash(file), "/") // on Windows it begins with a letter
	settings := "_pragma=busy_timeout(100)&_pragma=journal_mode(wal)&_pragma=synchronous(full)"
	return (&url.URL{Scheme: "file", Path: path, RawQuery: settings}).String()
}
