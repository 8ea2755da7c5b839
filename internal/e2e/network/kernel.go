package network

import (
	"golang.org/x/sys/unix"
)

// Kernel is the version of Linux.
func Kernel() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return "of unknown version"
	}
	return unix.ByteSliceToString(name.Release[:])
}
