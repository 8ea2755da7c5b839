package segment_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

func TestTimestampFormats(t *testing.T) {
	rows := []struct{ name, given, want string }{
		{"as it is sent", `"2026-01-02T03:04:05.678Z"`, `"2026-01-02T03:04:05.678Z"`},
		{"microseconds", `"2026-01-02T03:04:05.678901Z"`, `"2026-01-02T03:04:05.678901Z"`},
		{"nanoseconds", `"2026-01-02T03:04:05.678901234Z"`, `"2026-01-02T03:04:05.678901234Z"`},
		{"zeros at the end", `"2026-01-02T03:04:05.100000Z"`, `"2026-01-02T03:04:05.100000Z"`},
		{"no fraction", `"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05.000Z"`},
		{"one digit", `"2026-01-02T03:04:05.6Z"`, `"2026-01-02T03:04:05.600Z"`},
		{"two digits", `"2026-01-02T03:04:05.67Z"`, `"2026-01-02T03:04:05.670Z"`},
		{"seven digits of .NET", `"2026-01-02T03:04:05.6789012Z"`, `"2026-01-02T03:04:05.6789012Z"`},
		{"a fraction after a comma", `"2026-01-02T03:04:05,678901Z"`, `"2026-01-02T03:04:05.678901Z"`},
		{"zeros at the end and an offset", `"2026-01-02T03:04:05.120000+00:00"`, `"2026-01-02T03:04:05.120000Z"`},
		{"an offset", `"2026-01-02T03:04:05.678+05:30"`, `"2026-01-01T21:34:05.678Z"`},
		{"an offset to the west", `"2026-01-02T23:04:05-02:00"`, `"2026-01-03T01:04:05.000Z"`},
		{"an offset of nothing", `"2026-01-02T03:04:05.678901+00:00"`, `"2026-01-02T03:04:05.678901Z"`},
		{"an offset without a colon", `"2026-01-02T03:04:05.678+0530"`, `"2026-01-01T21:34:05.678Z"`},
		{"an offset of hours", `"2026-01-02T03:04:05+05"`, `"2026-01-01T22:04:05.000Z"`},
		{"no zone", `"2026-01-02T03:04:05.678"`, `"2026-01-02T03:04:05.678Z"`},
		{"no zone and no fraction", `"2026-01-02T03:04:05"`, `"2026-01-02T03:04:05.000Z"`},
		{"a blank for the T", `"2026-01-02 03:04:05"`, `"2026-01-02T03:04:05.000Z"`},
		{"a blank for the T and a Z", `"2026-01-02 03:04:05.678Z"`, `"2026-01-02T03:04:05.678Z"`},
		{"as Python prints it", `"2026-01-02 03:04:05.678901+00:00"`, `"2026-01-02T03:04:05.678901Z"`},
		{"as PostgreSQL prints it", `"2026-01-02 03:04:05.678901+00"`, `"2026-01-02T03:04:05.678901Z"`},
		{"as Ruby prints it", `"2026-01-02 03:04:05 +0530"`, `"2026-01-01T21:34:05.000Z"`},
		{"a blank before the offset", `"2026-01-02 03:04:05 +05:30"`, `"2026-01-01T21:34:05.000Z"`},
		{"small letters", `"2026-01-02t03:04:05.678z"`, `"2026-01-02T03:04:05.678Z"`},
		{"blanks around", `" 2026-01-02T03:04:05.678Z "`, `"2026-01-02T03:04:05.678Z"`},
		{"escapes", `"2026\u002d01-02T03:04:05\u002e123456Z"`, `"2026-01-02T03:04:05.123456Z"`},
		{"a date alone", `"2026-01-02"`, `"2026-01-02T00:00:00.000Z"`},
		{"epoch seconds", `1767323045`, `"2026-01-02T03:04:05.000Z"`},
		{"epoch seconds with a fraction", `1767323045.678901`, `"2026-01-02T03:04:05.678901Z"`},
		{"epoch milliseconds", `1767323045678`, `"2026-01-02T03:04:05.678Z"`},
		{"epoch milliseconds with a fraction", `1767323045678.25`, `"2026-01-02T03:04:05.67825Z"`},
		{"the first year", `"0000-01-01T00:00:00Z"`, `"0000-01-01T00:00:00.000Z"`},
		{"the last year", `"9999-12-31T23:59:59.999Z"`, `"9999-12-31T23:59:59.999Z"`},
		{"a leap day", `"2024-02-29"`, `"2024-02-29T00:00:00.000Z"`},
		{"null", `null`, `null`},
		{"empty", `""`, `null`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			call := convertedOne(t, `{"type":"page","userId":"u","timestamp":`+row.given+`}`)
			assertMembers(t, `{"timestamp":`+row.want+`}`, call.JSON)
		})
	}
}

func TestTimestampsThatAreNone(t *testing.T) {
	for name, given := range map[string]string{
		"text":                      `"yesterday"`,
		"a placeholder":             `"{{ RSA_DEF_SENT_AT_TS }}"`,
		"blank":                     `" "`,
		"a day that is not":         `"2026-02-30T00:00:00Z"`,
		"a month of one digit":      `"2015-2-02T00:00:00Z"`,
		"a leap second":             `"2016-12-31T23:59:60Z"`,
		"ten digits of a fraction":  `"2026-01-02T03:04:05.1234567890Z"`,
		"a blank inside the clock":  `"2026-01-02 0 3:04:05"`,
		"an offset out of range":    `"2026-01-02T03:04:05+99:00"`,
		"a blank in the fraction":   `"2026-01-02T03:04:05.6 78901234Z"`,
		"a blank after the point":   `"2026-01-02T03:04:05. 678901Z"`,
		"a blank and ten digits":    `"2026-01-02 03:04:05.1 234567890"`,
		"a point without digits":    `"2026-01-02T03:04:05.Z"`,
		"a year of five digits":     `"10000-01-01T00:00:00Z"`,
		"a year before the first":   `"0000-01-01T00:00:00+01:00"`,
		"a year behind the last":    `"9999-12-31T23:59:59-01:00"`,
		"only a year":               `"2026"`,
		"epoch in text":             `"1767323045"`,
		"a number of other length":  `176732304`,
		"a negative number":         `-1767323045`,
		"ten characters with minus": `-176732304`,
		"an exponent":               `1.767323045e9`,
		"a fraction with exponent":  `1767323045.1e2`,
		"ten digits of a number":    `1767323045.1234567890`,
		"true":                      `true`,
		"an object":                 `{}`,
		"an array":                  `["2026-01-02"]`,
		"an offset of letters":      `"2026-01-02T03:04:05 CET"`,
		"a date with something":     `"2026-01-02x"`,
		"a surrogate":               `"\ud83c"`,
		"a date of other alphabets": `"２０２６-01-02"`,
	} {
		t.Run(name, func(t *testing.T) {
			runRefusals(t, []refusal{{
				"as timestamp", `{"type":"page","userId":"u","timestamp":` + given + `}`,
				segment.ReasonTimestampUnparseable, "timestamp",
			}})
			for _, other := range []string{"originalTimestamp", "receivedAt", "sentAt"} {
				call, notes := noted(t, `{"type":"page","userId":"u","`+other+`":`+given+`}`)
				assertMembers(t, `{"timestamp":null,"`+other+`":null}`, call.JSON)
				assert.Equal(t, []string{"time_unreadable " + other}, notes)
			}
		})
	}
}

func TestTheTimeOfAnEvent(t *testing.T) {
	// The sender's clock is two hours behind, and it sent three seconds late.
	const (
		original = `"originalTimestamp":"2026-01-02T01:00:00.250Z"`
		sent     = `"sentAt":"2026-01-02T01:00:03.250Z"`
		received = `"receivedAt":"2026-01-02T03:00:03.5Z"`
		bad      = `"{{ RSA_DEF_SENT_AT_TS }}"`
	)
	rows := []struct{ name, members, want string }{
		{"is the timestamp, whatever else there is", `"timestamp":"2025-12-24T00:00:00Z",` + original + `,` + sent + `,` + received, `"2025-12-24T00:00:00.000Z"`},
		{"is corrected by the sender's clock", original + `,` + sent + `,` + received, `"2026-01-02T03:00:00.500Z"`},
		{"is corrected where the timestamp is empty", `"timestamp":"",` + original + `,` + sent + `,` + received, `"2026-01-02T03:00:00.500Z"`},
		{"is corrected with the finest digits given", original + `,` + sent + `,"receivedAt":"2026-01-02T03:00:03.500001+00:00"`, `"2026-01-02T03:00:00.500001Z"`},
		{"is corrected backwards", `"originalTimestamp":"2026-01-02T05:00:00Z","sentAt":"2026-01-02T05:00:01Z",` + received, `"2026-01-02T03:00:02.500Z"`},
		{"is corrected over centuries", `"originalTimestamp":"1601-01-01T00:00:00Z","sentAt":"2026-01-02T05:00:01Z","receivedAt":"2026-01-02T05:00:02Z"`, `"1601-01-01T00:00:01.000Z"`},
		{"is the original without sentAt", original + `,` + received, `"2026-01-02T01:00:00.250Z"`},
		{"is the original without receivedAt", original + `,` + sent, `"2026-01-02T01:00:00.250Z"`},
		{"is the original with a placeholder for sentAt", original + `,"sentAt":` + bad + `,` + received, `"2026-01-02T01:00:00.250Z"`},
		{"is the original with an empty receivedAt", original + `,` + sent + `,"receivedAt":""`, `"2026-01-02T01:00:00.250Z"`},
		{"is the original with a receivedAt that is not needed", original + `,"receivedAt":"x"`, `"2026-01-02T01:00:00.250Z"`},
		{"is the original with the zero time of Go for sentAt", original + `,"sentAt":"0001-01-01T00:00:00Z",` + received, `"2026-01-02T01:00:00.250Z"`},
		{"is the original where it would be corrected to before the first year", `"originalTimestamp":"0000-01-01T00:00:00Z","sentAt":"2026-01-02T00:00:01Z","receivedAt":"2026-01-02T00:00:00Z"`, `"0000-01-01T00:00:00.000Z"`},
		{"is receivedAt without the original", sent + `,` + received, `"2026-01-02T03:00:03.500Z"`},
		{"is sentAt where there is nothing else", sent, `"2026-01-02T01:00:03.250Z"`},
		{"is left to Segment where there is none", `"sentAt":` + bad, `null`},
		{"does not need the others to parse", `"timestamp":"2025-12-24T00:00:00Z","originalTimestamp":"x","sentAt":"x","receivedAt":"x"`, `"2025-12-24T00:00:00.000Z"`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			call := convertedOne(t, `{"type":"page","userId":"u",`+row.members+`}`)
			assertMembers(t, `{"timestamp":`+row.want+`,"originalTimestamp":null,"sentAt":null,"receivedAt":null}`, call.JSON)
		})
	}
	runRefusals(t, []refusal{{
		"a timestamp that does not parse beside times that do",
		`{"type":"page","userId":"u","timestamp":"x",` + original + `}`, segment.ReasonTimestampUnparseable, "timestamp",
	}})
}

// Most times come as they are sent, and are recognized by their digits alone.
// With an escape in it, the same time is parsed.
func TestATimeThatIsRecognizedIsOneThatParses(t *testing.T) {
	for _, usual := range []string{"2026-01-02T03:04:05.678Z", "2026-10-20T20:50:50.678Z"} {
		for place := 1; place < len(usual); place++ {
			for _, b := range []byte("0123456789-:.,TZ +a") {
				text := usual[1:place] + string(b) + usual[place+1:]
				recognized, isTaken := sentTime(t, `"2`+text+`"`)
				parsed, isParsed := sentTime(t, `"\u0032`+text+`"`)
				require.Equal(t, isParsed, isTaken, "2%s", text)
				require.Equal(t, parsed, recognized, "2%s", text)
			}
		}
	}
}
