package sqlstore

import (
	"context"
	"database/sql"
	"sync"
)

// statements are prepared statements by their text. They are as old as the database.
type statements struct {
	preparing sync.Mutex // so that none is prepared twice; nobody holds a connection who waits for it
	mu        sync.RWMutex
	of        map[string]*sql.Stmt
}

// get returns a statement. It may need a connection of the database.
func (p *statements) get(ctx context.Context, db *sql.DB, text string) (*sql.Stmt, error) {
	if s := p.have(text); s != nil {
		return s, nil
	}
	p.preparing.Lock()
	defer p.preparing.Unlock()
	if s := p.have(text); s != nil {
		return s, nil
	}
	s, err := db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of = make(map[string]*sql.Stmt)
	}
	p.of[text] = s
	return s, nil
}

// have returns a statement that is prepared, or nil.
func (p *statements) have(text string) *sql.Stmt {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.of[text]
}

// all prepares statements.
func (p *statements) all(ctx context.Context, db *sql.DB, texts []string) error {
	for _, text := range texts {
		if _, err := p.get(ctx, db, text); err != nil {
			return err
		}
	}
	return nil
}

// preparedTx is a transaction in which the statements are used that are prepared.
type preparedTx struct {
	*sql.Tx
	*statements
	mine map[string]*sql.Stmt // those used, as the transaction has them
}

func (t *preparedTx) statement(ctx context.Context, text string) *sql.Stmt {
	s := t.mine[text]
	if s != nil {
		return s
	}
	if s = t.have(text); s == nil {
		return nil
	}
	if t.mine == nil {
		t.mine = make(map[string]*sql.Stmt)
	}
	s = t.StmtContext(ctx, s)
	t.mine[text] = s
	return s
}

func (t *preparedTx) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if s := t.statement(ctx, text); s != nil {
		return s.ExecContext(ctx, args...)
	}
	return t.Tx.ExecContext(ctx, text, args...)
}

func (t *preparedTx) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if s := t.statement(ctx, text); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return t.Tx.QueryContext(ctx, text, args...)
}

func (t *preparedTx) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	if s := t.statement(ctx, text); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return t.Tx.QueryRowContext(ctx, text, args...)
}
