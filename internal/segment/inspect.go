package segment

// Inspection is what a finished call shows of itself.
type Inspection struct {
	Type Type
	// Name is the event of a track call and the name of a page or screen.
	Name string
	// The ids are unescaped; numbers are given by their digits.
	MessageID, UserID, AnonymousID, PreviousID, GroupID string
	// Timestamp is the timestamp as it was written, without quotes.
	Timestamp string
	// Violations names every rule of Segment that the call breaks.
	Violations []*Violation
}

// Inspect reads one call as it arrives at the Tracking API, without mending
// anything, and names every rule that it breaks. Where the call has no type
// of its own, as on the paths for single calls, fallback is its type.
func Inspect(call []byte, fallback Type) Inspection {
	return Inspection{}
}
