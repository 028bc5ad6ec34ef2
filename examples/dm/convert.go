package main

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"

	"github.com/gomadm/gomadm/syncml"
)

func convert(flags *flag.FlagSet, args []string, s *streams) (int, error) {
	to := flags.String("to", "", "encoding")
	files, err := parse(flags, args, 0, 1)
	if err != nil {
		return exitUsage, err
	}
	codec, err := codecOf(*to)
	if err != nil {
		return exitUsage, err
	}
	m, err := s.message(files[0])
	if err != nil {
		return exitWrong, err
	}
	return s.write(codec, m)
}

func encode(flags *flag.FlagSet, args []string, s *streams) (int, error) {
	to := flags.String("to", "xml", "encoding")
	files, err := parse(flags, args, 0, 1)
	if err != nil {
		return exitUsage, err
	}
	codec, err := codecOf(*to)
	if err != nil {
		return exitUsage, err
	}
	b, err := s.read(files[0], maxJSON)
	if err != nil {
		return exitWrong, err
	}
	m, err := readJSON(bytes.NewReader(b))
	if err != nil {
		return exitWrong, fmt.Errorf("%s: %w", files[0], err)
	}
	return s.write(codec, m)
}

// write writes a message in an encoding.
func (s *streams) write(codec syncml.Codec, m *syncml.Message) (int, error) {
	if codec == syncml.XML {
		packOctets(m)
	}
	b, err := syncml.Append(nil, codec, m)
	if err != nil {
		return exitWrong, err
	}
	if _, err := s.out.Write(b); err != nil {
		return exitWrong, err
	}
	return exitOK, nil
}

// packOctets makes the octets of a message base64, which is how binary data travels in XML (OMA DM Tree and
// Description 1.2.1, section 7.7.2).
func packOctets(m *syncml.Message) {
	if c := m.Header.Cred; c != nil {
		pack(&c.Data, &c.Meta)
	}
	for c := range walk(m.Body) {
		items := c.ItemList()
		for i := range items {
			pack(&items[i].Data, &items[i].Meta)
		}
	}
}

// pack makes octets base64 and says so in their Meta, of which it makes a new one.
func pack(d *syncml.Data, meta **syncml.Meta) {
	if d.Kind != syncml.OctetsData {
		return
	}
	d.Kind, d.Value = syncml.TextData, base64.StdEncoding.EncodeToString([]byte(d.Value))
	var m syncml.Meta
	if *meta != nil {
		m = **meta
	}
	m.Format = "b64"
	*meta = &m
}
