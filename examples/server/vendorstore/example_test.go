package vendorstore_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gomadm/gomadm/examples/server/vendorstore"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// deviceOf maps a client certificate to the udid of the device that it was issued to.
func deviceOf(_ context.Context, cert *x509.Certificate) (omadm.DeviceID, error) {
	if cert.Subject.CommonName == "" {
		return "", session.ErrUnauthenticated
	}
	return omadm.DeviceID(cert.Subject.CommonName), nil
}

// A product gives a device something to do, lets the engine answer devices, and reads what came of it.
func Example() {
	ctx, since := context.Background(), time.Now().Add(-time.Hour)
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	if err := errors.Join(give(ctx, pool), mount(pool), outcomes(ctx, pool, since)); err != nil {
		log.Print(err)
	}
}

func give(ctx context.Context, pool *pgxpool.Pool) error {
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE devices SET owner = 'accounting' WHERE udid = 'pc-1'`); err != nil {
			return err
		}
		return vendorstore.Enqueue(ctx, tx, "pc-1", omadm.Request{
			ID:  "version-1",
			Ops: []omadm.Op{{Verb: omadm.Get, URI: "./DevDetail/SwV"}},
		})
	})
	return err
}

func mount(pool *pgxpool.Pool) error {
	handler, err := session.New(session.Config{
		Store:         &vendorstore.Store{Pool: pool},
		Authenticator: session.ClientCertificate{Device: deviceOf},
	})
	if err != nil {
		return err
	}
	http.Handle("/dm", handler)
	return nil
}

func outcomes(ctx context.Context, pool *pgxpool.Pool, since time.Time) error {
	rows, err := pool.Query(ctx, `SELECT dm_request, status, finished_at FROM commands WHERE finished_at > $1`, since)
	if err != nil {
		return err
	}
	var request, status string
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&request, &status, &at}, func() error {
		_, err := fmt.Println(request, status, at)
		return err
	})
	return err
}
