//go:build !linux

package disk

import "errors"

var errLinux = errors.New("only Linux has it")

// NewSmall is for Linux.
func NewSmall(string, int) (Disk, error) { return nil, errLinux }

// NewVolatile is for Linux.
func NewVolatile(string) (Disk, error) { return nil, errLinux }
