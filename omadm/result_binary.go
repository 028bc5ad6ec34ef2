package omadm

import "encoding/binary"

// AppendBinary appends a compact form of r, see Request.AppendBinary.
func (r Result) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, binaryVersion, binaryResult)
	b = appendString(b, string(r.Request))
	b = appendInt(appendInt(b, r.Op), int(r.Status))
	b = binary.AppendUvarint(b, uint64(r.HRESULT))
	b = binary.AppendUvarint(b, uint64(len(r.Items)))
	for i := range r.Items {
		b = appendItem(b, &r.Items[i])
	}
	return b, nil
}

// UnmarshalBinary reads what AppendBinary wrote, see Request.UnmarshalBinary.
func (r *Result) UnmarshalBinary(b []byte) error {
	in := newReader("result", binaryResult, b)
	res := Result{
		Request: RequestID(in.string()),
		Op:      in.int(),
		Status:  Status(in.int()),
		HRESULT: in.uint32(),
		Items:   in.items(),
	}
	if err := in.end(); err != nil {
		return err
	}
	*r = res
	return nil
}

// AppendBinary appends a compact form of o, see Request.AppendBinary.
func (o Outcome) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, binaryVersion, binaryOutcome)
	b = appendString(b, string(o.Request))
	b = append(b, byte(o.Kind))
	b = appendInt(appendInt(b, o.Op), int(o.Status))
	b = binary.AppendUvarint(b, uint64(o.HRESULT))
	b = appendBool(appendBool(b, o.Repeated), o.UndoFailed)
	b = appendString(b, o.Reason)
	return appendInt(appendTime(b, o.At), o.Attempts), nil
}

// UnmarshalBinary reads what AppendBinary wrote, see Request.UnmarshalBinary.
func (o *Outcome) UnmarshalBinary(b []byte) error {
	in := newReader("outcome", binaryOutcome, b)
	out := Outcome{
		Request:    RequestID(in.string()),
		Kind:       Kind(in.octet()),
		Op:         in.int(),
		Status:     Status(in.int()),
		HRESULT:    in.uint32(),
		Repeated:   in.flag(),
		UndoFailed: in.flag(),
		Reason:     in.string(),
		At:         in.time(),
		Attempts:   in.int(),
	}
	if err := in.end(); err != nil {
		return err
	}
	*o = out
	return nil
}

// AppendBinary appends a compact form of e, see Request.AppendBinary.
func (e Event) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, binaryVersion, binaryEvent)
	b = appendInt(b, int(e.Alert))
	b = appendString(appendString(appendString(b, e.Type), string(e.Format)), e.Mark)
	b = appendData(appendString(b, string(e.Source)), e.Data)
	b = appendString(appendString(b, e.Correlator), string(e.Request))
	return appendTime(appendBool(b, e.Unenrolled), e.At), nil
}

// UnmarshalBinary reads what AppendBinary wrote, see Request.UnmarshalBinary.
func (e *Event) UnmarshalBinary(b []byte) error {
	in := newReader("event", binaryEvent, b)
	event := Event{
		Alert:      AlertCode(in.int()),
		Type:       in.string(),
		Format:     Format(in.string()),
		Mark:       in.string(),
		Source:     URI(in.string()),
		Data:       in.data(),
		Correlator: in.string(),
		Request:    RequestID(in.string()),
		Unenrolled: in.flag(),
		At:         in.time(),
	}
	if err := in.end(); err != nil {
		return err
	}
	*e = event
	return nil
}
