package segment

import (
	"slices"

	"golang.org/x/sys/cpu"
)

// markAll returns the marks of a text, in the room of others.
func markAll(text []byte, room marks) marks {
	blocks := len(text) / block
	if !cpu.X86.HasAVX2 || blocks == 0 {
		return room[:0]
	}
	m := slices.Grow(room[:0], blocks)[:blocks]
	markBlocks(&m[0], &text[0], blocks)
	return m
}

// markBlocks writes the marks of so many blocks, one at least.
//
//go:noescape
func markBlocks(dst *uint64, src *byte, blocks int)
