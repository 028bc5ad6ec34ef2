package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// kind is what a device gets in a check-in.
type kind uint8

// The kinds.
const (
	checkIn   kind = iota // nothing
	policy                // values to be set
	inventory             // values to be read
	object                // one large value
	kinds                 // how many there are
)

var kindNames = [kinds]string{checkIn: "checkin", policy: "policy", inventory: "inventory", object: "object"}

// String returns the name that the mix uses.
func (k kind) String() string { return kindNames[k] }

// mix gives each kind a weight. It is a flag.Value.
type mix [kinds]int

// maxWeight bounds a weight, so that their sum is a number.
const maxWeight = 1_000_000

// String returns the mix as Set reads it.
func (m *mix) String() string {
	var parts []string
	for k, weight := range m {
		if weight > 0 {
			parts = append(parts, fmt.Sprintf("%v=%d", kind(k), weight))
		}
	}
	return strings.Join(parts, ",")
}

// Set reads weights such as "checkin=6,policy=1". A kind that is not named has none.
func (m *mix) Set(list string) error {
	var out mix
	for part := range strings.SplitSeq(list, ",") {
		name, number, _ := strings.Cut(strings.TrimSpace(part), "=")
		k, ok := kindNamed(name)
		if !ok {
			return fmt.Errorf("unknown kind %q", name)
		}
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || n > maxWeight {
			return fmt.Errorf("weight of %v is not a number from 0 to %d", k, maxWeight)
		}
		out[k] = n
	}
	if out.sum() == 0 {
		return fmt.Errorf("no kind has a weight")
	}
	*m = out
	return nil
}

func kindNamed(name string) (kind, bool) {
	for k, n := range kindNames {
		if n == name {
			return kind(k), true
		}
	}
	return 0, false
}

func (m *mix) sum() int {
	sum := 0
	for _, weight := range m {
		sum += weight
	}
	return sum
}

// draw returns a kind by weight.
func (m *mix) draw(r *rand.Rand) kind {
	n := r.IntN(m.sum())
	for k, weight := range m {
		if n < weight {
			return kind(k)
		}
		n -= weight
	}
	panic("load: weights changed") // the sum is that of the loop
}

// How much a kind brings.
const (
	policies = 10
	readings = 20
)

// config is where a Windows device takes every policy.
const config = "./Device/Vendor/MSFT/Policy/Config/"

// read is what an inventory asks for, again and again.
var read = [...]string{
	"./DevInfo/DevId", "./DevInfo/Man", "./DevInfo/Mod", "./DevInfo/DmV", "./DevInfo/Lang", "./DevDetail/DevTyp",
	"./DevDetail/OEM", "./DevDetail/FwV", "./DevDetail/SwV", "./DevDetail/HwV",
}

// operations returns what each kind queues. None: nothing is queued.
func operations(objectSize int) (all [kinds][]op) {
	for i := range policies {
		all[policy] = append(all[policy], op{"Replace", fmt.Sprintf("%sLoad/Setting%d", config, i), "int", strconv.Itoa(i)})
	}
	for i := range readings {
		all[inventory] = append(all[inventory], op{Verb: "Get", URI: read[i%len(read)]})
	}
	const line = "a line of a large object that no device looks at\n"
	text := strings.Repeat(line, objectSize/len(line)+1)[:objectSize]
	all[object] = []op{{"Replace", config + "Load/Object", "chr", text}}
	return all
}
