package sqlstore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed migrations
var migrations embed.FS

// Migrate brings the tables of the database to the version of this package, each step in a transaction of its own. It may
// be called at every start, by several processes at once. It is an error if they are of a later version.
func (s *Store) Migrate(ctx context.Context) error {
	steps, err := fs.ReadDir(migrations, s.engine.migrations())
	if err != nil {
		return fmt.Errorf("sqlstore: %w", err)
	}
	for n := range steps {
		name := fmt.Sprintf("%s/%d.sql", s.engine.migrations(), n+1)
		text, err := migrations.ReadFile(name)
		if err == nil {
			err = s.write(ctx, func(c conn) error { return s.step(ctx, c, n+1, len(steps), string(text)) })
		}
		if err != nil {
			return fmt.Errorf("sqlstore: %s: %w", name, err)
		}
	}
	return nil
}

// step makes a version of the tables, unless they are of that or a later one.
func (s *Store) step(ctx context.Context, c conn, version, newest int, text string) error {
	if guard := s.engine.guard(); guard != "" {
		if _, err := c.ExecContext(ctx, guard); err != nil {
			return err
		}
	}
	_, err := c.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS gomadm_versions (version integer NOT NULL PRIMARY KEY)`)
	if err != nil {
		return err
	}
	var is int
	err = c.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM gomadm_versions`).Scan(&is)
	switch {
	case err != nil:
		return err
	case is > newest:
		return fmt.Errorf("the tables are of version %d, which is later than %d", is, newest)
	case is >= version:
		return nil
	}
	// Not every driver takes several statements at once.
	for statement := range strings.SplitSeq(text, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := c.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	_, err = c.ExecContext(ctx, `INSERT INTO gomadm_versions (version) VALUES ($1)`, version)
	return err
}
