package pgtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a PostgreSQL of a test's own, with its durability as it is by default. What it has committed outlives Kill. It
// is not safe for concurrent use.
type Server struct {
	dir    string
	input  io.Closer
	orders io.Writer     // of the script
	said   *bufio.Reader // by the script
	errors *strings.Builder
	pid    int // of the postmaster; 0: it does not run
}

// serverScript makes a server and does what it is told, a word a line, until the end of its input; then it removes all. It
// answers with a line: ready, or the process id of the server. What is typed at the terminal to stop the tests is not for
// it.
const serverScript = `
trap '' INT HUP TERM
trap 'rm -rf "$2"' EXIT
cd "$2" || exit
"$1/initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync >&2 || exit
quick='recovery_init_sync_method=syncfs' # all files at once, where there is such a thing
"$1/postgres" -D data -c "$quick" -C port >/dev/null 2>&1 && echo "$quick" >>data/postgresql.conf
echo ready
while read -r word; do
	case $word in
	start) "$1/postgres" -D data -k "$2" -c listen_addresses='' </dev/null >>log 2>&1 & ;;
	reap) wait ;;
	esac
	echo $!
done
"$1/pg_ctl" -D data -w -m immediate stop >/dev/null 2>&1
exit 0 # it may have been killed
`

// patience is how long a server may take to start.
const patience = time.Minute

// Start starts a server from the installed binaries, whatever GOMADM_TEST_POSTGRES says. It ends with the test. Without
// binaries the test is skipped, or fails where CI=true.
func Start(t testing.TB) *Server {
	t.Helper()
	bin := binaries()
	if bin == "" {
		const missing = "pgtest: there is no initdb in PATH or /usr/lib/postgresql"
		if os.Getenv("CI") != "true" {
			t.Skip(missing)
		}
		t.Fatal(missing)
	}
	s, cmd, err := prepare(bin)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.input.Close(), cmd.Wait()); err != nil {
			t.Errorf("pgtest: %v\n%s", err, s.errors)
		}
	})
	if _, err := s.said.ReadString('\n'); err != nil {
		t.Fatalf("pgtest: PostgreSQL is not made: %v\n%s", err, s.errors)
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	return s
}

// prepare starts the script.
func prepare(bin string) (*Server, *exec.Cmd, error) {
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, nil, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil { // as /proc shows it
		return nil, nil, err
	}
	cmd, err := command(serverScript, bin, dir)
	if err != nil {
		return nil, nil, err
	}
	s := &Server{dir: dir, errors: new(strings.Builder)}
	cmd.Stderr = s.errors
	input, inputErr := cmd.StdinPipe()
	output, outputErr := cmd.StdoutPipe()
	if err := errors.Join(inputErr, outputErr, cmd.Start()); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.input, s.orders, s.said = input, input, bufio.NewReader(output)
	return s, cmd, nil
}

// URL returns the address of the database postgres. It stays the same.
func (s *Server) URL() string {
	q := url.Values{"host": {s.dir}, "user": {"postgres"}, "dbname": {"postgres"}}
	return "postgres:///?" + q.Encode()
}

// Restart starts the server after Kill, and returns when it has recovered.
func (s *Server) Restart() error {
	pid, err := s.order("start")
	if err != nil {
		return fmt.Errorf("pgtest: %w\n%s", err, s.errors)
	}
	s.pid = pid
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	for {
		conn, err := pgx.Connect(ctx, s.URL())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log")) // if there is one
			return fmt.Errorf("pgtest: PostgreSQL does not start: %w\n%s", err, log)
		}
	}
}

// order tells the script something and returns its answer.
func (s *Server) order(word string) (int, error) {
	if _, err := io.WriteString(s.orders, word+"\n"); err != nil {
		return 0, err
	}
	line, err := s.said.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(line))
}

// Kill kills the server and the processes of its connections with SIGKILL, as far as /proc shows them: without their
// server those that it does not show end by themselves. When it returns they have ended.
func (s *Server) Kill() error {
	if err := kill(s.pid); err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	s.pid = 0
	if _, err := s.order("reap"); err != nil {
		return fmt.Errorf("pgtest: %w\n%s", err, s.errors)
	}
	for list := s.processes(); len(list) > 0; list = s.processes() {
		for _, pid := range list {
			if err := kill(pid); err != nil && !errors.Is(err, os.ErrProcessDone) {
				return fmt.Errorf("pgtest: %w", err)
			}
		}
	}
	return nil
}

func kill(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	defer p.Release()
	return p.Kill()
}

// processes returns the processes of the server: those that run in its folder of data.
func (s *Server) processes() []int {
	var list []int
	found, _ := filepath.Glob("/proc/[0-9]*/cwd") // the pattern is right
	for _, name := range found {
		folder, err := os.Readlink(name)
		if err != nil || folder != filepath.Join(s.dir, "data") {
			continue // it has ended, or is not ours
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			list = append(list, pid)
		}
	}
	return list
}
