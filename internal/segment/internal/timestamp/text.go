package timestamp

import (
	"bytes"
	"time"

	"benthos-segment/internal/segment/jsonscan"
)

// parse reads RFC 3339, and the other spellings of SDKs, databases and languages
// that put the year first. Months and days may have one digit. A date alone is
// midnight, seconds may be left out, and no zone means UTC.
func parse(text []byte) (Time, bool) {
	p := parser{rest: text}
	p.date()
	if len(p.rest) > 0 && (p.skip("t") || p.skip(" ")) {
		p.clock()
		p.zone()
	}
	if p.isBroken || len(p.rest) > 0 || !p.isDay() || p.hour > 23 || p.minute > 59 || p.second > 59 {
		return Time{}, false
	}
	t := time.Date(p.year, time.Month(p.month), p.day, p.hour, p.minute, p.second, p.nanosecond, time.UTC)
	return Time{t.Add(-time.Duration(p.ahead) * time.Second), p.digits}, true
}

// parser reads a text from its beginning. Once it is broken, the values that it
// has read mean nothing.
type parser struct {
	rest     []byte
	isBroken bool

	year, month, day     int
	hour, minute, second int
	// digits is how many digits nanosecond was given with.
	nanosecond, digits int
	// ahead is how many seconds the zone is ahead of UTC.
	ahead int
}

func (p *parser) date() {
	p.year = p.number(4, 4)
	p.expect('-')
	p.month = p.number(1, 2)
	p.expect('-')
	p.day = p.number(1, 2)
}

// isDay reports whether the calendar has the day.
func (p *parser) isDay() bool {
	if p.month < 1 || p.month > 12 || p.day < 1 {
		return false
	}
	return p.day <= 28 || time.Date(p.year, time.Month(p.month), p.day, 0, 0, 0, 0, time.UTC).Day() == p.day
}

func (p *parser) clock() {
	p.hour = p.number(1, 2)
	p.expect(':')
	p.minute = p.number(2, 2)
	if !p.skip(":") {
		return
	}
	p.second = p.number(2, 2)
	// ISO 8601 allows a comma as well.
	if p.skip(".") || p.skip(",") {
		p.fraction()
	}
}

func (p *parser) fraction() {
	before := len(p.rest)
	p.nanosecond = p.number(1, maxFractionDigits)
	p.digits = before - len(p.rest)
	for range maxFractionDigits - p.digits {
		p.nanosecond *= 10
	}
}

// zone reads an offset or a name of UTC, and what Go's Time.String writes after
// an offset. Other names alone do not tell the offset: CST is three zones.
func (p *parser) zone() {
	if len(p.rest) == 0 {
		return
	}
	p.skip(" ")
	if p.skip("z") || p.skip("utc") || p.skip("gmt") {
		return
	}
	if p.skip("-") {
		p.ahead = -p.offset()
	} else {
		p.expect('+')
		p.ahead = p.offset()
	}
	p.monotonic()
	if p.skip(" ") {
		p.zoneName()
		p.monotonic()
	}
}

// offset reads hours, and minutes if there are any, with or without a colon.
func (p *parser) offset() (seconds int) {
	hours, minutes := p.number(2, 2), 0
	if p.skip(":") || len(p.rest) > 0 && jsonscan.IsDigit(p.rest[0]) {
		minutes = p.number(2, 2)
	}
	p.isBroken = p.isBroken || hours > 23 || minutes > 59
	return (hours*60 + minutes) * 60
}

// zoneName passes over the name that Go writes after an offset: CEST, or the
// offset again where a zone has no name.
func (p *parser) zoneName() {
	if p.skip("+") || p.skip("-") {
		p.number(2, 4)
		return
	}
	length := 0
	for length < len(p.rest) && isLetter(p.rest[length]) {
		length++
	}
	p.isBroken = p.isBroken || length < 3 || length > 5
	p.rest = p.rest[length:]
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// monotonic passes over what Go adds to a time that was read from a clock: the
// seconds since the process began, as in m=+0.000012345.
func (p *parser) monotonic() {
	if p.skip(" m=") {
		p.isBroken = p.isBroken || !p.skip("+") && !p.skip("-")
		p.rest = bytes.TrimLeft(p.rest, "0123456789.")
	}
}

// number reads as many digits as there are, up to the most.
func (p *parser) number(fewest, most int) (n int) {
	count := 0
	for count < len(p.rest) && count < most && jsonscan.IsDigit(p.rest[count]) {
		n = n*10 + int(p.rest[count]-'0')
		count++
	}
	p.isBroken = p.isBroken || count < fewest
	p.rest = p.rest[count:]
	return n
}

// expect passes over a byte that must be there.
func (p *parser) expect(b byte) {
	if len(p.rest) == 0 || p.rest[0] != b {
		p.isBroken = true
		return
	}
	p.rest = p.rest[1:]
}

// skip passes over a text where it is next, whatever its case. The text is
// given in lower case.
func (p *parser) skip(text string) bool {
	if len(p.rest) < len(text) {
		return false
	}
	for i := range len(text) {
		if lower(p.rest[i]) != text[i] {
			return false
		}
	}
	p.rest = p.rest[len(text):]
	return true
}

func lower(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b - 'A' + 'a'
	}
	return b
}
