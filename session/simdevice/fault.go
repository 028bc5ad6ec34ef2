package simdevice

import "fmt"

// Fault is what goes wrong when the device sends a message.
type Fault uint8

// The faults. After those that lose or cut something the device sends the same octets again, which is the next
// attempt. After StopBefore and StopAfter the session is over; the next call of Session is the device that has
// started again.
const (
	NoFault     Fault = iota
	LoseRequest       // the message does not reach the server
	LoseReply         // the server answers and the answer does not reach the device
	StopBefore        // the device dies with the message ready: what it answers was executed, the server never hears
	StopAfter         // the device dies when the server has answered: nothing of the answer is executed
	CutRequest        // the first half of the message reaches the server, which has to refuse it
	CutReply          // the first half of the answer reaches the device
	Repeat            // the message reaches the server twice; the device reads the first answer
	LateBefore        // the message before this one reaches the server once more, before this one
	LateAfter         // the message before this one reaches the server once more, after this one
)

var faults = [...]string{
	NoFault: "no fault", LoseRequest: "lose request", LoseReply: "lose reply", StopBefore: "stop before",
	StopAfter: "stop after", CutRequest: "cut request", CutReply: "cut reply", Repeat: "repeat",
	LateBefore: "late before", LateAfter: "late after",
}

// String returns the name of the fault, such as "lose reply".
func (f Fault) String() string {
	if int(f) < len(faults) {
		return faults[f]
	}
	return fmt.Sprintf("Fault(%d)", uint8(f))
}

// At returns a schedule for Device.Fault: f befalls the first attempt to send message n of each session, counted
// from 1.
func (f Fault) At(n int) func(message, attempt int) Fault { return f.Times(n, 1) }

// Times returns a schedule for Device.Fault: f befalls the first attempts to send message n of each session, as
// many as times says.
func (f Fault) Times(n, times int) func(message, attempt int) Fault {
	return func(message, attempt int) Fault {
		if message == n && attempt <= times {
			return f
		}
		return NoFault
	}
}
