package segment

import (
	"time"

	"benthos-segment/internal/segment/internal/timestamp"
)

// ReceivedAt returns the receivedAt of the last event that became a call,
// or the zero time if it has none. It is valid as long as the Notes are.
func (c *Converter) ReceivedAt() time.Time {
	received, result := timestamp.Read(c.doc.value[fieldReceivedAt])
	if result != timestamp.Readable {
		return time.Time{}
	}
	return received.Time
}
