//go:build !linux

package ordeal

import "syscall"

// attributes are none where a process cannot be told to die with us.
func attributes() *syscall.SysProcAttr { return nil }
