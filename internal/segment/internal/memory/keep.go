package memory

import "unsafe"

// maxKept bounds the memory of one list or buffer that is kept, in bytes: many
// times what an event of 32 KB needs.
const maxKept = 256 << 10

// Keep empties a list or a buffer for the next use, and gives up its memory
// where one giant payload has needed so much that it must not stay. It does not
// clear the elements, which Forget does.
func Keep[T any](list []T) []T {
	var element T
	if cap(list) > maxKept/int(unsafe.Sizeof(element)) {
		return nil
	}
	return list[:0]
}

// Forget is Keep for elements that point to memory of others, such as a
// payload, which must not stay because of them.
func Forget[T any](list []T) []T {
	clear(list[:cap(list)])
	return Keep(list)
}
