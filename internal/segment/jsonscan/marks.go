package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

// marks tell where the special bytes of a text are, those at which a string
// ends or does not simply go on: quotes, backslashes and control characters.
// There is one bit for each byte, the lowest first.
//
// Where the processor can look at 64 bytes in one step, they are made for the
// whole text at once; elsewhere there are none. They may end before the text
// does: the rest is searched.
type marks []uint64

// block is how many bytes one element of marks stands for.
const block = 64

// nearEnd returns the offset after the string that at is in, if its end is the
// next special byte and in the same block, and 0 otherwise.
func (t *jsonText) nearEnd(at int) int {
	if m := t.ahead(at); m != 0 && t.bytes[at+bits.TrailingZeros64(m)] == '"' {
		return at + bits.TrailingZeros64(m) + 1
	}
	return 0
}

// special returns the offset of the first special byte from at on, or the
// length of the text.
func (t *jsonText) special(at int) int {
	if m := t.ahead(at); m != 0 {
		return at + bits.TrailingZeros64(m)
	}
	for i := at/block + 1; i < len(t.marks); i++ {
		if t.marks[i] != 0 {
			return i*block + bits.TrailingZeros64(t.marks[i])
		}
	}
	return search(t.bytes, max(at, len(t.marks)*block))
}

// ahead returns the marks from at on in the block that at is in.
func (t *jsonText) ahead(at int) uint64 {
	if i := uint(at) / block; i < uint(len(t.marks)) {
		return t.marks[i] >> (uint(at) % block)
	}
	return 0
}

// search does what special does, without marks, eight bytes in a step.
func search(text []byte, at int) int {
	for ; len(text)-at >= 8; at += 8 {
		if found := specialBytes(binary.LittleEndian.Uint64(text[at:])); found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	for at < len(text) && !isSpecial(text[at]) {
		at++
	}
	return at
}

func isSpecial(b byte) bool { return b == '"' || b == '\\' || b < ' ' }

// specialBytes sets the highest bit of each special byte of eight. The lowest
// one that it sets is right; above that a subtraction may have borrowed from
// the next byte.
func specialBytes(eight uint64) uint64 {
	const (
		each    = 0x0101010101010101
		highest = 0x80 * each
	)
	quotes := eight ^ each*'"'
	backslashes := eight ^ each*'\\'
	return ((quotes-each)&^quotes | (backslashes-each)&^backslashes | (eight-each*' ')&^eight) & highest
}
