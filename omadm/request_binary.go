package omadm

import (
	"encoding/binary"
	"time"
)

// AppendBinary appends a compact form of r that UnmarshalBinary reads back, in this and in later versions of the
// package. Times become UTC. An empty list reads back as nil. It holds the values: keep it like a secret. The
// error is always nil.
func (r Request) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, binaryVersion, binaryRequest)
	b = appendString(b, string(r.ID))
	b = appendBool(append(b, byte(r.Group)), r.Combine)
	b = append(b, byte(r.Scope))
	b = appendString(b, r.User)
	b = append(b, byte(r.Delivery))
	b = appendInt(b, r.Priority)
	b = appendTime(appendTime(b, r.NotBefore), r.Expires)
	b = appendInt(b, r.MaxAttempts)
	b = binary.AppendUvarint(b, uint64(len(r.Ops)))
	for i := range r.Ops {
		b = appendOp(b, &r.Ops[i])
	}
	return b, nil
}

func appendOp(b []byte, op *Op) []byte {
	b = append(b, byte(op.Verb))
	b = appendString(appendString(b, string(op.URI)), string(op.From))
	b = appendString(appendString(b, string(op.Value.Format)), op.Value.Type)
	b = appendString(appendData(b, op.Value.Data), op.Correlator)
	b = appendBool(b, op.Alert != nil)
	if op.Alert != nil {
		b = appendUserAlert(b, op.Alert)
	}
	return b
}

func appendUserAlert(b []byte, a *UserAlert) []byte {
	b = appendString(appendInt(b, int(a.Code)), a.Text)
	b = binary.AppendUvarint(b, uint64(len(a.Choices)))
	for _, c := range a.Choices {
		b = appendString(b, c)
	}
	b = binary.AppendVarint(binary.AppendVarint(b, int64(a.MinDisplay)), int64(a.MaxDisplay))
	b = appendInt(appendString(b, a.Default), a.MaxLength)
	return append(b, byte(a.Input), byte(a.Echo))
}

// minOp is the least number of octets of an operation: the verb, five texts, data of two, and a flag.
const minOp = 9

// UnmarshalBinary reads what AppendBinary wrote. It accepts every value of every field; Validate tells whether the
// request makes sense. The error is a *VersionError or a *BinaryError, and then r is unchanged.
func (r *Request) UnmarshalBinary(b []byte) error {
	in := newReader("request", binaryRequest, b)
	req := Request{
		ID:          RequestID(in.string()),
		Group:       Group(in.octet()),
		Combine:     in.flag(),
		Scope:       Scope(in.octet()),
		User:        in.string(),
		Delivery:    Delivery(in.octet()),
		Priority:    in.int(),
		NotBefore:   in.time(),
		Expires:     in.time(),
		MaxAttempts: in.int(),
	}
	if n := in.count(minOp); n > 0 {
		req.Ops = make([]Op, n)
		for i := range req.Ops {
			req.Ops[i] = in.op()
		}
	}
	if err := in.end(); err != nil {
		return err
	}
	*r = req
	return nil
}

func (r *reader) op() Op {
	op := Op{
		Verb:       Verb(r.octet()),
		URI:        URI(r.string()),
		From:       URI(r.string()),
		Value:      Value{Format: Format(r.string()), Type: r.string(), Data: r.data()},
		Correlator: r.string(),
	}
	if r.flag() {
		op.Alert = r.userAlert()
	}
	return op
}

func (r *reader) userAlert() *UserAlert {
	a := &UserAlert{Code: AlertCode(r.int()), Text: r.string()}
	if n := r.count(1); n > 0 {
		a.Choices = make([]string, n)
		for i := range a.Choices {
			a.Choices[i] = r.string()
		}
	}
	a.MinDisplay, a.MaxDisplay = time.Duration(r.varint()), time.Duration(r.varint())
	a.Default, a.MaxLength = r.string(), r.int()
	a.Input, a.Echo = InputType(r.octet()), Echo(r.octet())
	return a
}
