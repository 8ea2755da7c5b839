package segment

import "golang.org/x/sys/cpu"

var canMark = cpu.X86.HasAVX2

// markBlocks writes the marks of so many blocks, one at least.
//
//go:noescape
func markBlocks(dst *uint64, src *byte, blocks int)
