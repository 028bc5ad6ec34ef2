package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// built is the folder of the program, once there is one.
var built string

// program builds the server, once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "cluster")
	if err != nil {
		return "", err
	}
	built = dir
	file := filepath.Join(dir, "server.exe") // a name that runs everywhere
	out, err := exec.Command("go", "build", "-o", file, "github.com/gomadm/gomadm/examples/server").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the server: %w\n%s", err, out)
	}
	return file, nil
})

// node is a process of the server.
type node struct {
	cmd   *exec.Cmd
	addr  string
	said  tail
	ended chan struct{} // closed when the process is gone

	mu     sync.Mutex
	killed bool
}

// startNode starts a process and waits until it listens. Report is told when it ends and was not killed.
func startNode(ctx context.Context, report func(error), args ...string) (*node, error) {
	exe, err := program()
	if err != nil {
		return nil, err
	}
	n := &node{cmd: exec.Command(exe, args...), ended: make(chan struct{})}
	n.cmd.Stderr = &n.said
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	first := make(chan string, 1)
	go n.watch(bufio.NewReader(out), first, report)
	select {
	case line := <-first:
		addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
		if !ok {
			n.kill()
			return nil, fmt.Errorf("the server does not listen; it said %q\n%s", line, &n.said)
		}
		n.addr = addr
		return n, nil
	case <-ctx.Done():
		n.kill()
		return nil, fmt.Errorf("the server does not listen: %w\n%s", ctx.Err(), &n.said)
	}
}

// watch hands on the first line that the process writes and waits for its end.
func (n *node) watch(out *bufio.Reader, first chan<- string, report func(error)) {
	line, _ := out.ReadString('\n') // empty if there is none
	first <- line
	_, _ = io.Copy(io.Discard, out)
	err := n.cmd.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.killed {
		report(fmt.Errorf("a server ended by itself: %w\n%s", errors.Join(err, errors.New(n.cmd.ProcessState.String())), &n.said))
	}
	close(n.ended)
}

// kill kills the process with SIGKILL, and returns when it is gone.
func (n *node) kill() {
	n.mu.Lock()
	n.killed = true
	n.mu.Unlock()
	_ = n.cmd.Process.Kill() // fails if it has ended
	<-n.ended
}

// tail keeps the last of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const maxTail = 16 << 10

func (w *tail) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, b...)
	if over := len(w.text) - maxTail; over > 0 {
		w.text = w.text[over:]
	}
	return len(b), nil
}

func (w *tail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.text)
}
