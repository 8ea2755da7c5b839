package tracking

import "benthos-segment/internal/segment"

// limits are what one request may hold: the bytes of its calls with a comma
// after each, and their number.
type limits struct {
	bytes, calls int
}

// load is how much of a request some calls take up.
type load struct {
	bytes, calls, largest int
}

func (l load) with(call *segment.Call) load {
	size := len(call.JSON) + len(",")
	return load{l.bytes + size, l.calls + 1, max(l.largest, size)}
}

func (l load) plus(other load) load {
	return load{l.bytes + other.bytes, l.calls + other.calls, max(l.largest, other.largest)}
}

func (l load) fits(in limits) bool { return l.bytes <= in.bytes && l.calls <= in.calls }

func loadOf(calls []segment.Call, indexes []int) (sum load) {
	for _, i := range indexes {
		sum = sum.with(&calls[i])
	}
	return sum
}

// pack cuts a list of calls into requests, each as full as can be. A call
// that is larger than the limit gets a request of its own.
func (l limits) pack(calls []segment.Call, indexes []int) (requests [][]int) {
	start, sum := 0, load{}
	for n, i := range indexes {
		next := sum.with(&calls[i])
		if n > start && !next.fits(l) {
			requests = append(requests, indexes[start:n])
			start, next = n, load{}.with(&calls[i])
		}
		sum = next
	}
	if start < len(indexes) {
		requests = append(requests, indexes[start:])
	}
	return requests
}

// requests returns how many requests a load fills.
func (l limits) requests(sum load) int {
	return max(ceil(sum.bytes, l.bytes), ceil(sum.calls, l.calls))
}

func ceil(n, by int) int { return (n + by - 1) / by }
