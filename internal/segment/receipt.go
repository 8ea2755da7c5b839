package segment

import "time"

// receipt knows when the record of a payload came in. It asks only where a
// call needs it, and once.
type receipt struct {
	ask     func() time.Time
	isAsked bool
	at      time.Time
}

// time returns when the record came in, or the zero time where that is not
// known.
func (r *receipt) time() time.Time {
	if r.ask != nil && !r.isAsked {
		r.isAsked, r.at = true, r.ask().UTC()
	}
	return r.at
}

// isKnown says whether there is a time to ask for.
func (r *receipt) isKnown() bool { return !r.time().IsZero() }
