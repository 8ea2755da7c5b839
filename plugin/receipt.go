package plugin

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// receipts lists the metadata in which inputs say when a record came in, and in
// which unit they count from 1970. The first that says so is taken.
var receipts = [...]struct {
	key  string
	unit time.Duration
}{
	// kafka, kafka_franz and redpanda set both, and the second is coarser.
	{"kafka_timestamp_ms", time.Millisecond},
	{"kafka_timestamp_unix", time.Second},
	{"nats_timestamp_unix_nano", time.Nanosecond},
	// The id of an entry begins with the clock of Redis: 1526919030474-55.
	{"redis_stream", time.Millisecond},
}

// receiptOf returns when the record that a message was read from came in, by
// the clock of the broker, or the zero time.
func receiptOf(msg *service.Message) time.Time {
	for _, r := range receipts {
		value, exists := msg.MetaGetMut(r.key)
		if !exists {
			continue
		}
		if at := timeSince1970(value, r.unit); !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

// maxReceipts is of how many events of a batch it is noted when they came in: a
// timer that is set costs as much as much of the rest.
const maxReceipts = 32

// receipt is when the event came in that a call was made of.
type receipt struct {
	call int
	at   time.Time
}

// noteReceipt notes when the message came in that has become a call, if it is
// one of the few that are measured, and if the time is known.
func (s *share) noteReceipt(call int) {
	if s.message%(1+(len(s.batch)-1)/maxReceipts) != 0 {
		return
	}
	at := s.received()
	if at.IsZero() {
		at = s.converter.ReceivedAt()
	}
	if !at.IsZero() {
		s.receipts = append(s.receipts, receipt{call, at})
	}
}

// Only what lies between them is a clock's: a record without a time has -1 or
// the year 1 in Kafka, and an id that somebody made up is small in Redis.
var (
	firstReceipt = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)
	endOfReceipt = time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// timeSince1970 reads a number of units, or returns the zero time.
func timeSince1970(value any, unit time.Duration) time.Time {
	count, ok := wholeNumber(value)
	perSecond := int64(time.Second / unit)
	at := time.Unix(count/perSecond, count%perSecond*int64(unit)).UTC()
	if !ok || at.Before(firstReceipt) || !at.Before(endOfReceipt) {
		return time.Time{}
	}
	return at
}

// wholeNumber reads what stands in metadata for a number: Kafka's are int64,
// the others are text, and a mapping may have set any.
func wholeNumber(value any) (n int64, ok bool) {
	switch value := value.(type) {
	case int64:
		return value, true
	case int:
		return int64(value), true
	case uint64:
		return int64(value), true
	case float64:
		return int64(value), value >= -1<<53 && value <= 1<<53
	case json.Number:
		return wholeNumber(string(value))
	case []byte:
		return wholeNumber(string(value))
	case string:
		value, _, _ = strings.Cut(value, "-")
		n, err := strconv.ParseInt(value, 10, 64)
		return n, err == nil
	default:
		return 0, false
	}
}
