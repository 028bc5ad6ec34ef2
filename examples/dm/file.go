package main

import (
	"fmt"
	"io"
	"os"

	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// maxJSON bounds a JSON document: one octet of a message takes up to six in JSON.
const maxJSON = 64 << 20

// read returns the content of a file, or of the standard input if it is named "-".
func (s *streams) read(file string, most int) ([]byte, error) {
	in := s.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, int64(most)+1))
	if err != nil {
		return nil, err
	}
	if len(b) > most {
		return nil, fmt.Errorf("%s: more than %d octets", file, most)
	}
	return b, nil
}

// message reads the message in a file.
func (s *streams) message(file string) (*syncml.Message, error) {
	b, err := s.read(file, syncml.DefaultLimits().Octets)
	if err != nil {
		return nil, err
	}
	m, err := wbxml.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

// codecOf returns the codec that a user names.
func codecOf(name string) (syncml.Codec, error) {
	switch name {
	case "xml":
		return syncml.XML, nil
	case "wbxml":
		return wbxml.Codec, nil
	case "":
		return nil, &usageError{"-to is missing"}
	}
	return nil, &usageError{fmt.Sprintf("no encoding %q", name)}
}
