package timestamp

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
)

// unreadTime is a value that cannot be read as a time.
type unreadTime struct {
	text     string
	isNumber bool
	number   decimal
}

// layoutOfText stands in a sentence for the layout of the text that it is about.
const layoutOfText = "LAYOUT"

// forms are the forms of times that are not read, the likely ones first, and
// what to do about each. We do not guess: an event that is sent with a wrong
// time is worse than one that waits.
var forms = [...]struct {
	is       func(unreadTime) bool
	sentence string
}{
	{
		func(u unreadTime) bool { return u.number.isDate() },
		"this looks like a date as a number (20240131), which is not an epoch time; convert it with the mapping " +
			"`root = this.assign({\"timestamp\": this.timestamp.string().ts_strptime(\"%Y%m%d\")})`",
	},
	{
		func(u unreadTime) bool { return u.number.isDateAndTime() },
		"this looks like a date and time as a number (20240131123000), which is not an epoch time; convert it with the mapping " +
			"`root = this.assign({\"timestamp\": this.timestamp.string().ts_strptime(\"%Y%m%d%H%M%S\")})`",
	},
	{
		func(u unreadTime) bool { return u.number.isWithin(600_000_000_000_000_000, 700_000_000_000_000_000) },
		"this looks like .NET ticks, which count from the year 1; convert them to epoch seconds with the mapping " +
			"`root = this.assign({\"timestamp\": (this.timestamp.int64() - 621355968000000000) / 10000000})`",
	},
	{
		func(u unreadTime) bool { return u.number.isWithin(110_000_000_000_000_000, 170_000_000_000_000_000) },
		"this looks like a Windows file time, which counts from the year 1601; convert it to epoch seconds with the mapping " +
			"`root = this.assign({\"timestamp\": (this.timestamp.int64() - 116444736000000000) / 10000000})`",
	},
	{
		func(u unreadTime) bool { return u.number.isWithin(20_000, 80_000) },
		"this looks like Excel days, which count from the year 1900; convert them to epoch seconds with the mapping " +
			"`root = this.assign({\"timestamp\": ((this.timestamp.number() - 25569) * 86400).round()})`",
	},
	{
		func(u unreadTime) bool { return u.isNumber },
		"this number is not an epoch time in seconds, milliseconds, microseconds or nanoseconds between 1973-03-03 and 2100; " +
			"convert it in the mapping, or leave the member out",
	},
	{
		unreadTime.hasSlashes,
		"this looks like a date with slashes; write it with hyphens (2024-01-31), as with the mapping " +
			"`root = this.assign({\"timestamp\": this.timestamp.replace_all(\"/\", \"-\")})`",
	},
	{
		unreadTime.hasDayFirst,
		"this looks like a date without the year first, so that day and month cannot be told apart; " +
			"say which is which with the mapping " +
			"`root = this.assign({\"timestamp\": this.timestamp.ts_strptime(\"" + layoutOfText + "\")})`",
	},
	{
		func(unreadTime) bool { return true },
		"this cannot be read as a time; write RFC 3339 (2006-01-02T15:04:05.000Z), a date (2006-01-02), " +
			"or epoch seconds, milliseconds, microseconds or nanoseconds as a number",
	},
}

// Advice says what a value that cannot be read as a timestamp looks like, and
// what to do about it.
func Advice(value jsontext.Value) string {
	unread := newUnreadTime(value)
	for _, form := range forms {
		if !form.is(unread) {
			continue
		}
		before, after, isAboutLayout := strings.Cut(form.sentence, layoutOfText)
		if !isAboutLayout {
			return form.sentence
		}
		return before + unread.layout() + after
	}
	return ""
}

func newUnreadTime(value jsontext.Value) unreadTime {
	u := unreadTime{text: string(value)}
	if jsonscan.KindOf(value) == '"' {
		u.text = strings.TrimSpace(string(jsonscan.Unquote(value)))
	}
	if jsonscan.IsNumber(u.text) {
		u.isNumber = true
		u.number, _ = parseDecimal(u.text)
	}
	return u
}

// hasSlashes reports whether the text begins like 2024/01/31.
func (u unreadTime) hasSlashes() bool {
	year, rest, ok := strings.Cut(u.text, "/")
	return ok && len(year) == len("2024") && strings.Trim(year, "0123456789") == "" && strings.Contains(rest, "/")
}

// hasDayFirst reports whether the text begins like 9/3/2015, 31.01.2024 or
// 1-31-24.
func (u unreadTime) hasDayFirst() bool {
	digits := 0
	for digits < len(u.text) && jsonscan.IsDigit(u.text[digits]) {
		digits++
	}
	if digits == 0 || digits > len("31") || digits == len(u.text) {
		return false
	}
	separator := u.text[digits]
	rest := u.text[digits+1:]
	return strings.IndexByte("/.-", separator) >= 0 && strings.IndexByte(rest, separator) > 0
}

// layout is that of a date without the year first, for ts_strptime. It takes the
// month for the first number, unless there is no such month.
func (u unreadTime) layout() string {
	date, clock, _ := strings.Cut(u.text, " ")
	separator := strings.TrimLeft(date, "0123456789")[:1]
	parts := strings.Split(date, separator)
	order := []string{"%m", "%d", "%Y"}
	if first, err := strconv.Atoi(parts[0]); err == nil && first > 12 {
		order[0], order[1] = order[1], order[0]
	}
	if len(parts[len(parts)-1]) == len("24") {
		order[2] = "%y"
	}
	return strings.Join(order, separator) + layoutOfClock(clock)
}

// layoutOfClock is that of what comes after the date, which may be nothing.
func layoutOfClock(clock string) string {
	layout := " %H:%M"
	switch strings.Count(clock, ":") {
	case 0:
		return ""
	case 2:
		layout += ":%S"
	}
	if half := strings.ToUpper(clock); strings.HasSuffix(half, " AM") || strings.HasSuffix(half, " PM") {
		layout = strings.Replace(layout, "%H", "%I", 1) + " %p"
	}
	return layout
}

// isWithin reports whether the number is at least from and below to.
func (n decimal) isWithin(from, to int64) bool {
	if n.IsNegative || n.Point < 1 || n.Point > jsonscan.MaxWholeDigits {
		return false
	}
	whole := n.Integer()
	return whole >= from && whole < to
}
