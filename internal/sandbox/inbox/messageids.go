package inbox

import "crypto/sha256"

// seen remembers message ids in two generations: when the young one is full, it
// becomes the old one. So it remembers at least the last limit ids, at most
// twice as many, and forgets without a list of what came when.
type seen struct {
	limit      int
	young, old map[idHash]struct{}
}

// idHash stands for a message id, which may be as long as a call.
type idHash [16]byte

// add remembers id and reports whether it was known.
func (s *seen) add(id string) (known bool) {
	sum := sha256.Sum256([]byte(id))
	key := idHash(sum[:])
	if _, known = s.young[key]; known {
		return true
	}
	_, known = s.old[key]
	if len(s.young) >= s.limit {
		s.old, s.young = s.young, nil
	}
	if s.young == nil {
		s.young = make(map[idHash]struct{})
	}
	s.young[key] = struct{}{}
	return known
}

func (s *seen) reset() { s.young, s.old = nil, nil }
