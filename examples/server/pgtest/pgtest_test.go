package pgtest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/gomadm/gomadm/examples/server/pgtest"
)

// Each test has tables of its own, under whatever names.
func TestSchemasAreApart(t *testing.T) {
	for _, dsn := range []string{pgtest.Schema(t), pgtest.Schema(t)} {
		conn, err := pgx.Connect(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := conn.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
		var n int
		err = conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()").Scan(&n)
		if err != nil || n != 0 {
			t.Fatalf("new schema: got %d tables and error %v, want none", n, err)
		}
		if _, err := conn.Exec(t.Context(), "CREATE TABLE devices (id integer)"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSchemaIsDropped(t *testing.T) {
	var dsn string
	t.Run("test with a schema", func(t *testing.T) { dsn = pgtest.Schema(t) })
	if dsn == "" {
		t.Skip("there is no PostgreSQL")
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	var schema *string
	if err := conn.QueryRow(t.Context(), "SELECT current_schema()").Scan(&schema); err != nil || schema != nil {
		t.Errorf("schema after the test: got %v and error %v, want none", schema, err)
	}
}
