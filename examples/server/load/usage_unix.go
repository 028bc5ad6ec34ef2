//go:build unix

package main

import (
	"syscall"
	"time"
)

// ownUsage returns what this process has used.
func ownUsage() usage {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return usage{}
	}
	return usage{true, time.Duration(r.Utime.Nano()), time.Duration(r.Stime.Nano())}
}
