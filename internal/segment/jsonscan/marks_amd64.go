package jsonscan

import (
	"slices"

	"golang.org/x/sys/cpu"
)

// markAll returns the marks of a text, in the memory of earlier ones.
func markAll(text []byte, earlier marks) marks {
	blocks := len(text) / block
	if !cpu.X86.HasAVX2 || blocks == 0 {
		return earlier[:0]
	}
	m := slices.Grow(earlier[:0], blocks)[:blocks]
	markBlocks(&m[0], &text[0], blocks)
	return m
}

// markBlocks writes the marks of that many blocks, at least one.
//
//go:noescape
func markBlocks(dst *uint64, src *byte, blocks int)
