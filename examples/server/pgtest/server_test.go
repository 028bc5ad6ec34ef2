package pgtest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/gomadm/gomadm/examples/server/pgtest"
)

// What was committed is there when the server comes back, and what was not is not. Its connections are gone.
func TestServerIsKilled(t *testing.T) {
	s := pgtest.Start(t)
	conn := connect(t, s)
	if _, err := conn.Exec(t.Context(), "CREATE TABLE kept (n integer)"); err != nil {
		t.Fatal(err)
	}
	for round := 1; round <= 3; round++ {
		if _, err := conn.Exec(t.Context(), "INSERT INTO kept VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "BEGIN; INSERT INTO kept VALUES (2)"); err != nil {
			t.Fatal(err)
		}
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := conn.Ping(t.Context()); err == nil {
			t.Fatal("the connection outlives the server")
		}
		if _, err := pgx.Connect(t.Context(), s.URL()); err == nil {
			t.Fatal("the server was killed and accepts connections")
		}
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
		conn = connect(t, s)
		var got int
		if err := conn.QueryRow(t.Context(), "SELECT sum(n) FROM kept").Scan(&got); err != nil || got != round {
			t.Fatalf("got %d and error %v, want %d", got, err, round)
		}
	}
}

func connect(t *testing.T, s *pgtest.Server) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // some are broken
	return conn
}
