package main

import (
	"errors"
	"reflect"

	"github.com/gomadm/gomadm/syncml"
)

// parts are the children that commands can have. The names of the fields are those of the commands.
type parts struct {
	CmdID, MsgRef, CmdRef, Cmd string
	TargetRefs, SourceRefs     []string
	NoResp, Archive, SftDel    bool
	Lang, Correlator           string
	Cred                       *syncml.Cred
	Chal                       *syncml.Chal
	Meta                       *syncml.Meta
	Data                       syncml.Data
	Items                      []syncml.Item
	Body                       []syncml.Command
	Space, Content             string
}

// empty returns a command of a name, an Unknown if the name is not one of DM.
func empty(name string) syncml.Command {
	for _, c := range []syncml.Command{
		new(syncml.Add), new(syncml.Alert), new(syncml.Atomic), new(syncml.Copy), new(syncml.Delete), new(syncml.Exec),
		new(syncml.Get), new(syncml.Replace), new(syncml.Results), new(syncml.Sequence), new(syncml.Status),
	} {
		if c.Name() == name {
			return c
		}
	}
	return &syncml.Unknown{Element: name}
}

// describe returns what a command says.
func describe(c syncml.Command) (p parts) {
	from, to := reflect.ValueOf(c).Elem(), reflect.ValueOf(&p).Elem()
	for i := range to.NumField() {
		if f := from.FieldByName(to.Type().Field(i).Name); f.IsValid() {
			to.Field(i).Set(f)
		}
	}
	if r, ok := c.(*syncml.Results); ok {
		p.TargetRefs, p.SourceRefs = optional(r.TargetRef), optional(r.SourceRef)
	}
	return p
}

func optional(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// build is the reverse of describe: it returns an error if the command has no place for a part.
func (p *parts) build(name string) (syncml.Command, error) {
	c := empty(name)
	if r, ok := c.(*syncml.Results); ok {
		if len(p.TargetRefs) > 1 || len(p.SourceRefs) > 1 {
			return nil, errors.New("more than one reference")
		}
		for _, ref := range p.TargetRefs {
			r.TargetRef = ref
		}
		for _, ref := range p.SourceRefs {
			r.SourceRef = ref
		}
		p.TargetRefs, p.SourceRefs = nil, nil
	}
	from, to := reflect.ValueOf(p).Elem(), reflect.ValueOf(c).Elem()
	for i := range from.NumField() {
		part := from.Type().Field(i).Name
		f := to.FieldByName(part)
		switch {
		case f.IsValid():
			f.Set(from.Field(i))
		case !from.Field(i).IsZero():
			return nil, errors.New("it has no " + part)
		}
	}
	return c, nil
}
