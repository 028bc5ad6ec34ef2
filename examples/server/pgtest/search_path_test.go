package pgtest

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestWithSearchPath(t *testing.T) {
	for _, dsn := range []string{
		"host=db.example user=u dbname=d",
		"postgres://u:p@db.example/d",
		"postgresql://u@db.example/d?sslmode=disable",
	} {
		config, err := pgx.ParseConfig(withSearchPath(dsn, "test_1"))
		if err != nil {
			t.Fatal(err)
		}
		if got := config.RuntimeParams["search_path"]; got != "test_1" || config.Host != "db.example" || config.Database != "d" {
			t.Errorf("%s: got schema %q, host %q and database %q", dsn, got, config.Host, config.Database)
		}
	}
}
