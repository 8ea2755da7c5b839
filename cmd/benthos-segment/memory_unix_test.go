//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// mostMemory returns how much memory a process had at the most, in KiB, or 0
// where the system counts it otherwise.
func mostMemory(state *os.ProcessState) int64 {
	usage, isKnown := state.SysUsage().(*syscall.Rusage)
	if !isKnown || runtime.GOOS != "linux" {
		return 0
	}
	return usage.Maxrss
}
