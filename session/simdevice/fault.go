package simdevice

import "fmt"

// Fault is what goes wrong with one message of the device.
type Fault uint8

// The faults. After LoseRequest and LoseReply the device sends the same octets again; after the others the
// session is over and the next call of Session begins a new one.
const (
	NoFault     Fault = iota
	LoseRequest       // the message does not reach the server
	LoseReply         // the server answers and the answer does not reach the device
	StopBefore        // the device dies with the message ready: what it answers was executed, the server never hears
	StopAfter         // the device dies when the server has answered: nothing of the answer is executed
)

var faults = [...]string{
	NoFault: "no fault", LoseRequest: "lose request", LoseReply: "lose reply", StopBefore: "stop before",
	StopAfter: "stop after",
}

// String returns the name of the fault, such as "lose reply".
func (f Fault) String() string {
	if int(f) < len(faults) {
		return faults[f]
	}
	return fmt.Sprintf("Fault(%d)", uint8(f))
}

// At returns a schedule for Device.Fault: f befalls message n of each session, counted from 1.
func (f Fault) At(n int) func(message int) Fault {
	return func(message int) Fault {
		if message == n {
			return f
		}
		return NoFault
	}
}
