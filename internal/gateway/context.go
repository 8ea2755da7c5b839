package gateway

import (
	"bytes"

	"benthos-segment/internal/ingest"
)

// contextView is what is read of the context of an event.
type contextView struct {
	library, ip, isDirect, userAgent []byte
}

var contextNames = []string{"library", "ip", "direct", "userAgent"}

func viewContext(value []byte) contextView {
	var values [4][]byte
	ingest.Pick(value, contextNames, values[:])
	return contextView{values[0], values[1], values[2], values[3]}
}

// isEmptyObject reports whether a member may be treated as an object without
// members: it is missing, null, or the empty array that PHP writes.
func isEmptyObject(value []byte) bool {
	return len(value) == 0 || string(value) == "null" ||
		value[0] == '[' && len(bytes.TrimSpace(value[1:len(value)-1])) == 0
}

// openObject appends an object without the brace that closes it. It reports
// whether the value can be taken for an object.
func openObject(dst, value []byte) ([]byte, bool) {
	switch {
	case isEmptyObject(value):
		return append(dst, '{'), true
	case value[0] == '{':
		return append(dst, bytes.TrimRight(value[:len(value)-1], " \t\r\n")...), true
	default:
		return dst, false
	}
}

// addMember adds a member to an object that is not closed yet.
func addMember(dst []byte, name string, value []byte) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = appendText(dst, name)
	return append(append(dst, ':'), value...)
}

// mergeMissing adds to an object that is not closed yet what it lacks of another
// one. What it has, it keeps: the event knows better than its envelope.
func mergeMissing(dst, own, other []byte) []byte {
	has := make(map[string]bool)
	ingest.Members(own, func(name string, _ []byte) { has[name] = true })
	ingest.Members(other, func(name string, value []byte) {
		if !has[name] {
			has[name] = true
			dst = addMember(dst, name, value)
		}
	})
	return dst
}
