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
		// https://github.com/langfuse/langfuse-java/issues/11
		{"no seconds", `"2024-06-01T12:30Z"`, `"2024-06-01T12:30:00.000Z"`},
		{"no seconds and no zone", `"2024-06-01T12:30"`, `"2024-06-01T12:30:00.000Z"`},
		{"no seconds and an offset", `"2024-06-01T12:30+02:00"`, `"2024-06-01T10:30:00.000Z"`},
		{"no seconds and an offset without a colon", `"2024-06-01T12:30-0930"`, `"2024-06-01T22:00:00.000Z"`},
		{"no seconds and an offset of hours", `"2024-06-01T12:30+02"`, `"2024-06-01T10:30:00.000Z"`},
		{"no seconds after a blank", `"2024-06-01 12:30 +02:00"`, `"2024-06-01T10:30:00.000Z"`},
		{"no seconds and UTC", `"2024-06-01 12:30 UTC"`, `"2024-06-01T12:30:00.000Z"`},
		// https://github.com/bxparks/bigquery-schema-generator/issues/19
		{"as BigQuery exports it", `"2019-01-16 08:00:00 UTC"`, `"2019-01-16T08:00:00.000Z"`},
		{"as BigQuery exports microseconds", `"2019-01-16 08:00:00.123456 UTC"`, `"2019-01-16T08:00:00.123456Z"`},
		{"GMT", `"2019-01-16 08:00:00 GMT"`, `"2019-01-16T08:00:00.000Z"`},
		{"UTC after a T", `"2019-01-16T08:00:00 utc"`, `"2019-01-16T08:00:00.000Z"`},
		{"UTC without a blank, as by strftime", `"2019-01-16 08:00:00UTC"`, `"2019-01-16T08:00:00.000Z"`},
		// https://github.com/segmentio/analytics-go/issues/109
		{"as Go prints it", `"2016-07-18 10:11:12.123456789 +0000 UTC"`, `"2016-07-18T10:11:12.123456789Z"`},
		{"as Go prints whole seconds", `"2016-07-18 10:11:12 +0000 UTC"`, `"2016-07-18T10:11:12.000Z"`},
		{"as Go prints the clock", `"2016-07-18 10:11:12.5 +0000 UTC m=+0.000012345"`, `"2016-07-18T10:11:12.500Z"`},
		{"as Go prints a zone with a name", `"2016-07-18 10:11:12.123456 +0200 CEST m=+0.1"`, `"2016-07-18T08:11:12.123456Z"`},
		{"as Go prints a zone without one", `"2016-07-18 10:11:12 -0300 -03"`, `"2016-07-18T13:11:12.000Z"`},
		{"as Go prints a zone of half an hour", `"2016-07-18 10:11:12 +0545 +0545 m=-1.5"`, `"2016-07-18T04:26:12.000Z"`},
		{"as Go prints a zone of small letters", `"2016-07-18 10:11:12 +1000 ChST"`, `"2016-07-18T00:11:12.000Z"`},
		// The first example of https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/
		{"a month of one digit", `"2015-2-02T00:30:08.276Z"`, `"2015-02-02T00:30:08.276Z"`},
		{"a day of one digit", `"2015-02-2T00:30:08.276Z"`, `"2015-02-02T00:30:08.276Z"`},
		{"both of one digit", `"2015-2-3 00:30:08"`, `"2015-02-03T00:30:08.000Z"`},
		{"a date alone with one digit", `"2015-2-3"`, `"2015-02-03T00:00:00.000Z"`},
		{"the first year", `"0000-01-01T00:00:00Z"`, `"0000-01-01T00:00:00.000Z"`},
		{"the last year", `"9999-12-31T23:59:59.999Z"`, `"9999-12-31T23:59:59.999Z"`},
		{"a leap day", `"2024-02-29"`, `"2024-02-29T00:00:00.000Z"`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			call := convertedOne(t, `{"type":"page","userId":"u","timestamp":`+row.given+`}`)
			assertMembers(t, `{"timestamp":`+row.want+`}`, call.JSON)
		})
	}
}

func TestInvalidTimestampsAreRefused(t *testing.T) {
	for name, given := range map[string]string{
		"text":                      `"yesterday"`,
		"a placeholder":             `"{{ RSA_DEF_SENT_AT_TS }}"`,
		"blank":                     `" "`,
		"a day that is not":         `"2026-02-30T00:00:00Z"`,
		"a leap second":             `"2016-12-31T23:59:60Z"`,
		"ten digits of a fraction":  `"2026-01-02T03:04:05.1234567890Z"`,
		"a blank inside the clock":  `"2026-01-02 0 3:04:05"`,
		"an offset out of range":    `"2026-01-02T03:04:05+99:00"`,
		"an offset of a day":        `"2026-01-02T03:04:05+24:00"`,
		"an offset of 60 minutes":   `"2026-01-02T03:04:05+05:60"`,
		"an offset of one digit":    `"2026-01-02T03:04:05+5"`,
		"an offset of three digits": `"2026-01-02T03:04:05+053"`,
		"a blank in the fraction":   `"2026-01-02T03:04:05.6 78901234Z"`,
		"a blank after the point":   `"2026-01-02T03:04:05. 678901Z"`,
		"a blank and ten digits":    `"2026-01-02 03:04:05.1 234567890"`,
		"a point without digits":    `"2026-01-02T03:04:05.Z"`,
		"a year of five digits":     `"10000-01-01T00:00:00Z"`,
		"a year before the first":   `"0000-01-01T00:00:00+01:00"`,
		"a year after the last":     `"9999-12-31T23:59:59-01:00"`,
		"only a year":               `"2026"`,
		"a negative number":         `-1767323045`,
		"ten characters with minus": `-176732304`,
		"ten digits of a number":    `1767323045.1234567890`,
		"true":                      `true`,
		"an object":                 `{}`,
		"an array":                  `["2026-01-02"]`,
		"an offset of letters":      `"2026-01-02T03:04:05 CET"`,
		"a date with something":     `"2026-01-02x"`,
		"a surrogate":               `"\ud83c"`,
		"a date of other alphabets": `"２０２６-01-02"`,
		"a zone with a name alone":  `"2026-01-02 03:04:05 CEST"`,
		"UTC twice":                 `"2026-01-02 03:04:05 UTC UTC"`,
		"UTC after a Z":             `"2026-01-02T03:04:05Z UTC"`,
		"UTC and an offset":         `"2026-01-02T03:04:05 UTC+2"`,
		"UTC after a date":          `"2026-01-02 UTC"`,
		"a zone after a date":       `"2026-01-02+02:00"`,
		"a name of digits":          `"2026-01-02 03:04:05 +0200 123456"`,
		"a name of two letters":     `"2026-01-02 03:04:05 +0200 AB"`,
		"a name of six letters":     `"2026-01-02 03:04:05 +0200 ABCDEF"`,
		"two names":                 `"2026-01-02 03:04:05 +0200 CEST CEST"`,
		"a clock without a sign":    `"2026-01-02 03:04:05 +0000 UTC m=0.1"`,
		"a clock that is text":      `"2026-01-02 03:04:05 +0000 UTC m=+x"`,
		"two fractions":             `"2026-01-02 03:04:05.1.2 +0000 UTC"`,
		"no minutes":                `"2026-01-02T03Z"`,
		"no clock":                  `"2026-01-02T"`,
		"a fraction of a minute":    `"2026-01-02T03:04.5Z"`,
		"no day":                    `"2026-01"`,
		"three digits of a month":   `"2026-001-02"`,
		"a month of none":           `"2026-00-02"`,
		"a year of two digits":      `"26-01-02"`,
		// https://github.com/segmentio/Analytics.NET/issues/29
		"a day that may be a month": `"9/3/2015 10:15:00 AM"`,
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

// timesByForm are members that hold the time of an event in the forms that
// whole streams of events have.
var timesByForm = map[string]string{
	"as it is sent":  `"timestamp":"2026-01-02T03:04:05.678Z"`,
	"with an offset": `"timestamp":"2026-01-02T03:04:05.678+05:30"`,
	"corrected":      `"originalTimestamp":"2026-01-02T03:04:05.678Z","sentAt":"2026-01-02T03:04:06.678Z","receivedAt":"2026-01-02T03:04:06.789Z"`,
	"as Python":      `"timestamp":"2026-01-02 03:04:05.678901+00:00"`,
	"as Go":          `"timestamp":"2026-01-02 03:04:05.678901 +0200 CEST m=+0.1"`,
	"milliseconds":   `"timestamp":1767323045678`,
	"as text":        `"timestamp":"1767323045"`,
	"with exponent":  `"timestamp":1.767323045678E12`,
	"zero":           `"timestamp":"0001-01-01T00:00:00Z"`,
}

func TestReadingATimeCostsNoAllocation(t *testing.T) {
	for name, members := range timesByForm {
		t.Run(name, func(t *testing.T) {
			payload := []byte(`{"type":"page","userId":"u","messageId":"m",` + members + `}`)
			converter := segment.NewConverter(config())
			calls := make([]segment.Call, 0, 1)
			assert.Zero(t, testing.AllocsPerRun(100, func() {
				converter.Reset()
				_, _, v := converter.Convert(calls, payload, fromKey)
				require.Nil(t, v)
			}))
		})
	}
}

func BenchmarkTimestamp(b *testing.B) {
	for name, members := range timesByForm {
		b.Run(name, func(b *testing.B) {
			payload := []byte(`{"type":"page","userId":"u","messageId":"m",` + members + `}`)
			converter := segment.NewConverter(config())
			calls := make([]segment.Call, 0, 1)
			b.ReportAllocs()
			for b.Loop() {
				converter.Reset()
				if _, _, v := converter.Convert(calls, payload, fromKey); v != nil {
					b.Fatal(v)
				}
			}
		})
	}
}
