package capture

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/syncml"
)

// String tells what is different and shows the exchange as a dialogue, with the place marked by ">". With the mode Meaning
// the replies are shown as they were compared: with new CmdIDs, and without credentials and challenges. Values of secrets
// are not shown.
func (d *Difference) String() string {
	var b strings.Builder
	b.WriteString(d.Text)
	if d.Message == nil {
		return b.String()
	}
	var message, want, got []string
	message = dialogueOf(d.Message)
	if d.Want != nil {
		want = dialogueOf(d.Message, d.Want)[len(message):]
	}
	if d.Got != nil {
		got = dialogueOf(d.Message, d.Got)[len(message):]
	}
	mark := -1
	if d.command != "" {
		mark = slices.IndexFunc(append(want, got...), func(l string) bool {
			words := strings.Fields(l)
			return len(words) > 1 && words[0] == d.command && words[1] != "Status"
		})
	}
	if d.Want != nil && d.Got != nil {
		mark = 1 // the line before tells the sizes
		for mark < len(want) && mark < len(got) && want[mark] == got[mark] {
			mark++
		}
		if mark >= len(want) && mark >= len(got) {
			mark = 0 // they differ in the header, or where the dialogue does not show it
		}
	}
	show := func(title string, list []string, mark int) {
		if len(list) == 0 {
			return
		}
		b.WriteString("\n" + title)
		for i, l := range list {
			if i == mark {
				b.WriteString("\n> " + l)
			} else {
				b.WriteString("\n  " + l)
			}
		}
	}
	show("the message:", message, -1)
	show("the reply that was recorded:", want, mark)
	show("the reply now:", got, mark)
	if d.Want != nil && d.Got != nil {
		b.WriteString("\nfirst difference: " + where(d.Want, d.Got))
	}
	return b.String()
}

func dialogueOf(list ...*Message) []string {
	rec := new(Recording)
	for _, m := range list {
		rec.Messages = append(rec.Messages, *m)
	}
	var b strings.Builder
	if err := rec.Dialogue(&b); err != nil {
		return []string{err.Error()}
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// where says where two replies differ, without values: they may be secrets.
func where(want, got *Message) string {
	if want.Status != got.Status {
		return fmt.Sprintf("HTTP status %d, recorded %d", got.Status, want.Status)
	}
	a, err := want.Decode()
	if err != nil {
		return "the recorded reply is not a message"
	}
	b, err := got.Decode()
	if err != nil {
		return "the reply now is not a message"
	}
	if all := syncml.Diff(a, b); len(all) > 0 {
		return all[0].Path
	}
	at := 0
	for at < len(want.Octets) && at < len(got.Octets) && want.Octets[at] == got.Octets[at] {
		at++
	}
	return fmt.Sprintf("offset %d, in the encoding only", at)
}
