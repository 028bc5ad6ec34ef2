package xmltree

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// UTF8 returns a document that is in UTF-8 or UTF-16, of either order, with or without a byte order mark, as Read takes
// it: in UTF-8, without the mark, and with blanks in the place of its declaration, so that lines stay what they are. The
// octets say which encoding it is, since declarations are often wrong. The error is a *SyntaxError, with an offset into b.
// What is returned has at most one and a half times the size of b.
func UTF8(b []byte) ([]byte, error) {
	switch {
	case len(b) >= 2 && (b[0] == 0xfe && b[1] == 0xff || b[0] == 0 && b[1] != 0):
		return fromUTF16(b, 1)
	case len(b) >= 2 && (b[0] == 0xff && b[1] == 0xfe || b[0] != 0 && b[1] == 0):
		return fromUTF16(b, 0)
	}
	return undeclared(bytes.Clone(b)), nil
}

// fromUTF16 reads code units whose lower octet is the one at low.
func fromUTF16(b []byte, low int) ([]byte, error) {
	fail := func(at int, reason string) ([]byte, error) {
		return nil, &SyntaxError{Offset: at, Line: 1 + bytes.Count(b[:at], []byte{'\n'}), Reason: reason}
	}
	if len(b)%2 != 0 {
		return fail(len(b)-1, "half a character of UTF-16")
	}
	unit := func(at int) rune { return rune(b[at+low]) | rune(b[at+1-low])<<8 }
	text := make([]byte, 0, len(b)/2+len(b)/16)
	for at := 0; at < len(b); at += 2 {
		r := unit(at)
		if utf16.IsSurrogate(r) {
			if at+2 == len(b) {
				return fail(at, "half a character of UTF-16")
			}
			if r = utf16.DecodeRune(r, unit(at+2)); r == utf8.RuneError {
				return fail(at, "half a character of UTF-16")
			}
			at += 2
		}
		text = utf8.AppendRune(text, r)
	}
	return undeclared(text), nil
}

// undeclared takes the marks from text, and puts blanks in the place of the declaration that follows.
func undeclared(text []byte) []byte {
	const begin = "<?xml"
	for bytes.HasPrefix(text, byteOrderMark) {
		text = text[len(byteOrderMark):]
	}
	if !bytes.HasPrefix(text, []byte(begin)) || len(text) == len(begin) || !isSpace(text[len(begin)]) {
		return text
	}
	end := bytes.Index(text, []byte("?>"))
	if end < 0 {
		return text
	}
	for i := range text[:end+2] {
		if text[i] != '\n' && text[i] != '\r' {
			text[i] = ' '
		}
	}
	return text
}
