package segment

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// instant is a point in time with the number of fraction digits that it was
// given with, so that microseconds of a sender stay microseconds. The time has
// no finer fraction than that.
type instant struct {
	time.Time
	digits int
}

const (
	minFractionDigits = 3
	maxFractionDigits = 9
)

// timeLayouts are the ISO 8601 forms that SDKs and databases write beside
// RFC 3339. time.Parse takes a fraction after the seconds in all of them.
var timeLayouts = [...]string{
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05Z07",
	"2006-01-02T15:04:05",
	time.DateOnly,
}

// parseInstant reads a JSON value as a point in time: ISO 8601 in a string,
// or epoch milliseconds (13 digits) or seconds (10 digits) in a number. No
// zone means UTC, and a date alone is its midnight.
func parseInstant(value jsontext.Value) (at instant, ok bool) {
	switch kindOf(value) {
	case '"':
		at, ok = parseTimeText(string(unquote(value)))
	case '0':
		at, ok = parseEpoch(string(value))
	}
	return at, ok && at.canBeSent()
}

// canBeSent says whether RFC 3339 can write the year.
func (i instant) canBeSent() bool {
	year := i.UTC().Year()
	return year >= 0 && year <= 9999
}

func parseTimeText(text string) (instant, bool) {
	digits := fractionDigits(text)
	if digits > maxFractionDigits {
		return instant{}, false
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return instant{t, digits}, true
	}
	text = normalTimeText(text)
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return instant{t, digits}, true
		}
	}
	return instant{}, false
}

// normalTimeText writes a date and time that are parted by a blank or a small
// t, and a zone in small letters or after a blank, in the one way that the
// layouts know.
func normalTimeText(text string) string {
	text = strings.ToUpper(strings.TrimSpace(text))
	if len(text) <= len(time.DateOnly) {
		return text
	}
	date, separator, clock := text[:len(time.DateOnly)], text[len(time.DateOnly)], text[len(time.DateOnly)+1:]
	if separator != ' ' && separator != 'T' {
		return text
	}
	blank := strings.LastIndexByte(clock, ' ')
	if blank >= len("15:04:05") && strings.IndexByte("+-Z", clock[blank+1]) >= 0 {
		clock = clock[:blank] + clock[blank+1:]
	}
	return date + "T" + clock
}

// fractionDigits counts the digits after the point, or after the comma that
// ISO 8601 allows as well.
func fractionDigits(text string) int {
	point := strings.IndexAny(text, ".,")
	if point < 0 {
		return 0
	}
	end := point + 1
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	return end - point - 1
}

func parseEpoch(literal string) (instant, bool) {
	whole, fraction, _ := strings.Cut(literal, ".")
	count, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || count < 0 {
		return instant{}, false
	}
	part, ok := parseFraction(fraction)
	if !ok {
		return instant{}, false
	}
	var t time.Time
	switch len(whole) {
	case 10:
		t = time.Unix(count, part)
	case 13:
		t = time.UnixMilli(count).Add(time.Duration(part / 1000))
	default:
		return instant{}, false
	}
	return instant{t, digitsOf(t)}, true
}

// parseFraction reads the digits after a point as billionths.
func parseFraction(digits string) (int64, bool) {
	if digits == "" {
		return 0, true
	}
	if len(digits) > maxFractionDigits {
		return 0, false
	}
	padded := digits + "000000000"[len(digits):]
	n, err := strconv.ParseInt(padded, 10, 64)
	return n, err == nil && n >= 0
}

// digitsOf returns how many fraction digits it takes to write t.
func digitsOf(t time.Time) int {
	digits := maxFractionDigits
	for rest := t.Nanosecond(); digits > 0 && rest%10 == 0; rest /= 10 {
		digits--
	}
	return digits
}

// appendTime writes a time as Segment is sent it: RFC 3339 in UTC, with
// milliseconds or as many digits more as it was given with.
func appendTime(dst []byte, at instant) []byte {
	// The time package writes this layout much faster than any other. It leaves
	// out the zeros at the end of a fraction, and the point where all are.
	dst = append(dst, '"')
	whole := len(dst) + len("2006-01-02T15:04:05")
	dst = at.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = dst[:len(dst)-len("Z")]
	if len(dst) == whole {
		dst = append(dst, '.')
	}
	for len(dst) <= whole+max(minFractionDigits, at.digits) {
		dst = append(dst, '0')
	}
	return append(dst, `Z"`...)
}

// isSent says whether a value is a time, and written as appendTime would write
// it, which is how most of them come. It is for the cost: days that not every
// month has are left to those who know a calendar.
func isSent(value jsontext.Value) bool {
	const form = `"0000-00-00T00:00:00.`
	end := len(value) - len(`Z"`)
	if digits := end - len(form); digits < minFractionDigits || digits > maxFractionDigits || string(value[end:]) != `Z"` {
		return false
	}
	for i, b := range value[:end] {
		switch {
		case i >= len(form) || form[i] == '0':
			if !isDigit(b) {
				return false
			}
		case b != form[i]:
			return false
		}
	}
	two := func(at int) int { return int(value[at]-'0')*10 + int(value[at+1]-'0') }
	month, day, hour, minute, second := two(6), two(9), two(12), two(15), two(18)
	return month >= 1 && month <= 12 && day >= 1 && day <= 28 && hour < 24 && minute < 60 && second < 60
}

// eventTime finds when the event happened, and writes it to scratch where it
// is not written as it is sent. It returns nothing where the payload does not
// say.
//
// The arithmetic is the one of Segment and RudderStack alike: sentAt and
// receivedAt are the same moment on the sender's clock and on a right one.
// https://www.twilio.com/docs/segment/connections/spec/common#timestamps
func (c *Converter) eventTime() (jsontext.Value, *Violation) {
	if given := c.doc.givenTime(); isSent(given) {
		return given, nil
	}
	at, ok, v := c.eventInstant()
	if v != nil || !ok {
		return nil, v
	}
	start := len(c.scratch)
	c.scratch = appendTime(c.scratch, at)
	return jsontext.Value(c.scratch[start:]), nil
}

// givenTime returns what eventInstant reads the time of the event from, where
// that is one member alone.
func (d *document) givenTime() jsontext.Value {
	switch {
	case d.hasTime(fieldTimestamp):
		return d.value[fieldTimestamp]
	case d.hasTime(fieldOriginalTimestamp) && !d.hasTime(fieldReceivedAt):
		return d.value[fieldOriginalTimestamp] // There is nothing to correct it by.
	default:
		return nil
	}
}

// eventInstant returns the time of the event, where there is one. A timestamp
// was set by somebody who meant it, so that one that cannot be read is refused;
// the others stand in for each other.
func (c *Converter) eventInstant() (at instant, ok bool, v *Violation) {
	if c.doc.hasTime(fieldTimestamp) {
		at, v = c.doc.instant(fieldTimestamp)
		return at, v == nil, v
	}
	if original, ok := c.time(fieldOriginalTimestamp); ok {
		return c.corrected(original), true, nil
	}
	if at, ok = c.time(fieldReceivedAt); ok {
		return at, true, nil
	}
	at, ok = c.time(fieldSentAt)
	return at, ok, nil
}

// corrected moves a time of the sender's clock to a right one, where it is
// known by how much.
func (c *Converter) corrected(original instant) instant {
	if !c.doc.hasTime(fieldReceivedAt) {
		return original
	}
	sent, ok := c.time(fieldSentAt)
	if !ok {
		return original
	}
	received, ok := c.time(fieldReceivedAt)
	if !ok {
		return original
	}
	ahead := received.Sub(sent.Time)
	if ahead.Abs() == math.MaxInt64 {
		// The difference does not fit: sentAt is centuries away, as Go's zero
		// time is, and no reading of a clock.
		return original
	}
	at := instant{original.Add(ahead), max(original.digits, sent.digits, received.digits)}
	if !at.canBeSent() {
		return original
	}
	return at
}

// time reads a time that another one can stand in for. Where it cannot be read
// it counts as absent, which is noted: mobile SDKs leave a placeholder in
// sentAt until they upload, and Swift wrote milliseconds after a colon.
func (c *Converter) time(f field) (at instant, ok bool) {
	if !c.doc.hasTime(f) {
		return at, false
	}
	if at, ok = parseInstant(c.doc.value[f]); !ok {
		c.notes.add(NoteTimeUnreadable, quotedNames[f])
	}
	return at, ok
}

// hasTime says whether field f holds something that is meant as a time.
func (d *document) hasTime(f field) bool {
	return d.has(f) && (kindOf(d.value[f]) != '"' || isText(d.value[f]))
}

// hasOwnTime says whether the payload says when the event happened, so that
// the same event at another time is another payload. A text that every event
// has in place of a time, such as Invalid Date, does not make it so.
func (d *document) hasOwnTime() bool {
	for _, f := range [...]field{fieldTimestamp, fieldOriginalTimestamp} {
		if _, ok := parseInstant(d.value[f]); ok {
			return true
		}
	}
	return false
}

func (d *document) instant(f field) (instant, *Violation) {
	at, ok := parseInstant(d.value[f])
	if !ok {
		return at, timestampUnparseable(f)
	}
	return at, nil
}

func timestampUnparseable(f field) *Violation {
	return &Violation{
		Reason: ReasonTimestampUnparseable,
		Field:  fields[f].name,
		Sentence: "this is no time that can be read; write RFC 3339 " +
			"(2006-01-02T15:04:05.000Z), a date, or epoch seconds or milliseconds as a number",
	}
}
