package session_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	osexec "os/exec"
	"strconv"
	"strings"
	"testing"
)

// wireAddr is the environment variable that makes the test binary a client of the server with that address.
const wireAddr = "GOMADM_WIRE_ADDR"

func TestMain(m *testing.M) {
	if addr := os.Getenv(wireAddr); addr != "" {
		if err := runWireClient(addr, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// wireClient is an HTTP client in a process of its own, so that what it takes is not taken for what the server takes. It
// knows no more of HTTP than it needs, and has one connection.
type wireClient struct {
	cmd     *osexec.Cmd
	in      io.WriteCloser
	orders  *json.Encoder
	answers *json.Decoder
}

// wireOrder is what the client is told: to take requests, or to send those that it has.
type wireOrder struct {
	Requests []string
	Send     bool
}

// wireConns is how many connections the client has: with more than one the server has something to do while the client is
// busy, and is not woken for each request.
const wireConns = 8

// wireAnswer is what it says when it has done so: the length of the last answer, in octets.
type wireAnswer struct{ Size int }

// startWireClient starts a client of the server at addr.
func startWireClient(addr string) (*wireClient, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &wireClient{cmd: osexec.Command(exe)}
	c.cmd.Env = append(os.Environ(), wireAddr+"="+addr)
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.orders, c.answers = json.NewEncoder(c.in), json.NewDecoder(out)
	return c, c.cmd.Start()
}

// take hands requests over to the client, which does not send them yet.
func (c *wireClient) take(requests []string) error {
	_, err := c.order(wireOrder{Requests: requests})
	return err
}

// send lets the client send what it has taken, one request after the other. It returns the length of the last answer.
func (c *wireClient) send() (int, error) { return c.order(wireOrder{Send: true}) }

func (c *wireClient) order(o wireOrder) (int, error) {
	if err := c.orders.Encode(o); err != nil {
		return 0, err
	}
	var a wireAnswer
	err := c.answers.Decode(&a)
	return a.Size, err
}

func (c *wireClient) end() error { return errors.Join(c.in.Close(), c.cmd.Wait()) }

// runWireClient is the client, until its input ends.
func runWireClient(addr string, in io.Reader, out io.Writer) error {
	var lines [wireConns]wireLine
	for i := range lines {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return err
		}
		defer conn.Close()
		lines[i] = wireLine{conn, bufio.NewReader(conn)}
	}
	orders, answers := json.NewDecoder(in), json.NewEncoder(out)
	var taken []string
	for {
		var o wireOrder
		if err := orders.Decode(&o); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		var a wireAnswer
		if o.Send {
			var err error
			if a.Size, err = sendAll(lines[:], taken); err != nil {
				return err
			}
		} else {
			taken = o.Requests
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}

// wireLine is a connection.
type wireLine struct {
	out io.Writer
	in  *bufio.Reader
}

// sendAll sends requests over several connections, one at a time over each.
func sendAll(lines []wireLine, requests []string) (size int, err error) {
	type outcome struct {
		size int
		err  error
	}
	queue, outcomes := make(chan string, len(requests)), make(chan outcome)
	for _, r := range requests {
		queue <- r
	}
	close(queue)
	for _, l := range lines {
		go func() {
			var o outcome
			for r := range queue {
				if _, o.err = io.WriteString(l.out, r); o.err == nil {
					o.size, o.err = readReply(l.in)
				}
				if o.err != nil {
					break
				}
			}
			outcomes <- o
		}()
	}
	for range lines {
		o := <-outcomes
		size, err = max(size, o.size), errors.Join(err, o.err)
	}
	return size, err
}

// readReply reads an answer with status 200 and returns the length of its body.
func readReply(in *bufio.Reader) (size int, err error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line != "HTTP/1.1 200 OK\r\n" {
		return 0, fmt.Errorf("the server answers %q", line)
	}
	for line != "\r\n" {
		if line, err = in.ReadString('\n'); err != nil {
			return 0, err
		}
		if n, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			if size, err = strconv.Atoi(strings.TrimSpace(n)); err != nil {
				return 0, err
			}
		}
	}
	return in.Discard(size)
}
