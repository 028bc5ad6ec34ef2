package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/syncml"
)

// replayTimeout is how long a server may take for a reply.
const replayTimeout = 30 * time.Second

func replay(flags *flag.FlagSet, args []string, s *streams) (int, error) {
	name := flags.String("mode", "meaning", "")
	words, err := parse(flags, args, 2, 2)
	if err != nil {
		return exitUsage, err
	}
	mode, err := modeOf(*name)
	if err != nil {
		return exitUsage, err
	}
	if err := webAddress(words[1]); err != nil {
		return exitUsage, err
	}
	rec, err := readCapture(words[0])
	if err != nil {
		return exitWrong, err
	}
	client := &http.Client{
		Timeout:       replayTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	player := capture.Player{Recording: rec, Mode: mode, Send: func(m *capture.Message) (*capture.Message, error) {
		return post(context.Background(), client, words[1], m)
	}}
	played, err := player.Play()
	if e := played.Recording.Blank(sensitive).Dialogue(s.out); e != nil && err == nil {
		err = e
	}
	for _, note := range played.Notes {
		fmt.Fprintf(s.out, "\nnote: %s\n", note)
	}
	for _, d := range played.Differences {
		for _, m := range []**capture.Message{&d.Message, &d.Want, &d.Got} {
			if *m != nil {
				one := &capture.Recording{Messages: []capture.Message{**m}}
				*m = &one.Blank(sensitive).Messages[0]
			}
		}
		fmt.Fprintf(s.out, "\n%v\n", d)
	}
	switch {
	case err != nil:
		return exitWrong, err
	case len(played.Recording.Messages) == 0:
		return exitWrong, fmt.Errorf("%s has no message of a device that was answered", words[0])
	case len(played.Differences) > 0:
		return exitWrong, nil
	}
	return exitOK, nil
}

func modeOf(name string) (capture.Mode, error) {
	for m := capture.Meaning; m <= capture.Rules; m++ {
		if m.String() == name {
			return m, nil
		}
	}
	return 0, &usageError{fmt.Sprintf("no mode %q", name)}
}

// webAddress returns an error unless s is the URL of a server.
func webAddress(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return &usageError{fmt.Sprintf("%q is not the URL of a server", s)}
	}
	return nil
}

// post sends a message to a server.
func post(ctx context.Context, client *http.Client, to string, m *capture.Message) (*capture.Message, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(m.Octets))
	if err != nil {
		return nil, err
	}
	m.Time = time.Now().UTC()
	req.Header.Set("Content-Type", m.ContentType)
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	most := syncml.DefaultLimits().Octets
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(most)+1))
	if err != nil {
		return nil, err
	}
	if len(body) > most {
		return nil, fmt.Errorf("the reply to message %d has more than %d octets", m.Number, most)
	}
	got := &capture.Message{Time: time.Now().UTC(), ContentType: resp.Header.Get("Content-Type"), Status: resp.StatusCode}
	if len(body) > 0 {
		got.Octets = body
	}
	return got, nil
}
