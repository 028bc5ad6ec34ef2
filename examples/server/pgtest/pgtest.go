// Package pgtest gives tests a PostgreSQL to work on: each test an empty schema of its own.
//
// The server is that of the connection string in GOMADM_TEST_POSTGRES, in one of the two forms of libpq, whose user may
// create schemas. Without it the first test starts a server from the installed binaries, in a temporary folder, on a socket
// that only this machine sees; it ends with the process, however that ends. Without either the tests are skipped, or fail
// where CI=true.
//
// A test that kills its PostgreSQL starts one of its own, a [Server].
package pgtest

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Schema returns the connection string of a new schema, which is dropped when the test ends. It names the schema as
// search_path, which drivers send as a parameter of the session.
func Schema(t testing.TB) string {
	t.Helper()
	srv, err := server()
	if errors.Is(err, errNone) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	name := "test_" + strings.ToLower(rand.Text())
	execute(t, srv.dsn, "CREATE SCHEMA "+name)
	t.Cleanup(func() { execute(t, srv.dsn, "DROP SCHEMA "+name+" CASCADE") })
	return withSearchPath(srv.dsn, name)
}

// execute runs statements on a connection of their own. It is used in cleanups, when the context of the test has ended.
func execute(t testing.TB, dsn, sql string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(ctx, sql)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		t.Fatal(err)
	}
}

// withSearchPath adds a parameter to a connection string of either form.
func withSearchPath(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme == "" {
		return dsn + " search_path=" + name
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

var errNone = errors.New("pgtest: GOMADM_TEST_POSTGRES is not set, and there is no initdb in PATH or /usr/lib/postgresql")

// postgres is a server.
type postgres struct {
	dsn   string
	input io.Closer // of the script that ends the server when it is closed; nil if it is not ours
}

// server returns the server of this process, and keeps it.
var server = sync.OnceValues(func() (*postgres, error) {
	if dsn := os.Getenv("GOMADM_TEST_POSTGRES"); dsn != "" {
		return &postgres{dsn: dsn}, nil
	}
	bin := binaries()
	if bin == "" {
		return nil, errNone
	}
	srv, err := start(bin)
	if err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	return srv, nil
})

// binaries returns the folder of the newest PostgreSQL there is, "" if there is none. Debian keeps it out of PATH.
func binaries() string {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(initdb)
	}
	newest, folder := -1, ""
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is right
	for _, initdb := range found {
		bin := filepath.Dir(initdb)
		if version, err := strconv.Atoi(filepath.Base(filepath.Dir(bin))); err == nil && version > newest {
			newest, folder = version, bin
		}
	}
	return folder
}

// script starts a server and says so, waits for the end of its input, which comes with the end of this process, and
// removes all. What is typed at the terminal to stop the tests is not for it.
const script = `
trap '' INT HUP TERM
trap 'rm -rf "$2"' EXIT
cd "$2" || exit
"$1/initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync >&2 || exit
"$1/pg_ctl" -D data -w -l log -o "-k '$2' -c listen_addresses='' -c fsync=off -c full_page_writes=off" start >&2 ||
	{ cat log >&2; exit 1; }
echo ready
cat >/dev/null
"$1/pg_ctl" -D data -w -m immediate stop >/dev/null 2>&1
`

// start starts a server from the binaries in a folder.
func start(bin string) (*postgres, error) {
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	cmd, err := command(script, bin, dir)
	if err != nil {
		return nil, err
	}
	var said strings.Builder
	cmd.Stderr = &said
	input, inputErr := cmd.StdinPipe()
	output, outputErr := cmd.StdoutPipe()
	if err := errors.Join(inputErr, outputErr, cmd.Start()); err != nil {
		return nil, err
	}
	if _, err := bufio.NewReader(output).ReadString('\n'); err != nil {
		err = errors.Join(err, cmd.Wait())
		return nil, fmt.Errorf("PostgreSQL does not start: %w\n%s", err, &said)
	}
	return &postgres{dsn: fmt.Sprintf("host='%s' user=postgres dbname=postgres", dir), input: input}, nil
}

// command returns what runs a script on the binaries and the new folder in dir, which is removed if that fails.
func command(script, bin, dir string) (*exec.Cmd, error) {
	command := []string{"sh", "-c", script, "sh", bin, dir}
	if os.Geteuid() == 0 { // as whom PostgreSQL does not run
		as, err := give(dir)
		if err != nil {
			return nil, errors.Join(err, os.Remove(dir))
		}
		command = append(as, command...)
	}
	return exec.Command(command[0], command[1:]...), nil
}

// give makes a user without privileges the owner of a folder, and returns what runs a command as that user.
func give(dir string) (command []string, err error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("no user to run PostgreSQL: %w", err)
	}
	uid, uidErr := strconv.Atoi(u.Uid)
	gid, gidErr := strconv.Atoi(u.Gid)
	if err := errors.Join(uidErr, gidErr); err != nil {
		return nil, fmt.Errorf("user %s: %w", u.Username, err)
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, err
	}
	return []string{"setpriv", "--reuid=" + u.Uid, "--regid=" + u.Gid, "--clear-groups"}, nil
}
