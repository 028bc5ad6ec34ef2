package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// child is the server as a process of its own.
type child struct {
	cmd     *exec.Cmd
	stop    context.CancelFunc
	asking  sync.Mutex
	in      io.WriteCloser
	answers *json.Decoder
	addr    string
}

// grace is how long the child may take to end.
const grace = 10 * time.Second

// start starts the child and waits until it listens.
func start(s setup, stderr io.Writer) (*child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &child{cmd: exec.CommandContext(ctx, exe, serveArgument), stop: stop}
	if err := c.begin(s, stderr); err != nil {
		_, serr := c.end()
		return nil, errors.Join(err, serr)
	}
	return c, nil
}

func (c *child) begin(s setup, stderr io.Writer) error {
	c.cmd.Stderr = stderr
	in, err := c.cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	c.in, c.answers = in, json.NewDecoder(bufio.NewReader(out))
	c.cmd.Cancel = in.Close // the child ends with its input; what does not end is killed
	c.cmd.WaitDelay = grace
	if err := c.cmd.Start(); err != nil {
		return fmt.Errorf("load: starting the server: %w", err)
	}
	var r ready
	if err := json.NewEncoder(in).Encode(s); err != nil {
		return fmt.Errorf("load: starting the server: %w", err)
	}
	if err := c.answers.Decode(&r); err != nil {
		return fmt.Errorf("load: starting the server: %w", err)
	}
	c.addr = r.Addr
	return nil
}

// usage asks the child for the CPU time that it has used.
func (c *child) usage(question string) (usage, error) {
	c.asking.Lock()
	defer c.asking.Unlock()
	var u usage
	if _, err := io.WriteString(c.in, question+"\n"); err != nil {
		return u, fmt.Errorf("load: the server has ended: %w", err)
	}
	if err := c.answers.Decode(&u); err != nil {
		return u, fmt.Errorf("load: the server has ended: %w", err)
	}
	return u, nil
}

// end ends the child and returns the CPU time of its whole life.
func (c *child) end() (usage, error) {
	c.stop()
	if c.cmd.Process == nil {
		return usage{}, nil
	}
	err := c.cmd.Wait()
	s := c.cmd.ProcessState
	if s == nil {
		return usage{}, fmt.Errorf("load: server: %w", err)
	}
	u := usage{true, s.UserTime(), s.SystemTime()}
	if !s.Success() {
		return u, fmt.Errorf("load: server: %v", s)
	}
	return u, nil
}
