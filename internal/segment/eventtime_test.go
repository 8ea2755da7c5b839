package segment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

// receivedAt is a source whose record came in at a time, and counts how often
// it is asked.
func receivedAt(tb testing.TB, at string) (from segment.Provenance, asked *int) {
	tb.Helper()
	received := time.Time{}
	if at != "" {
		var err error
		received, err = time.Parse(time.RFC3339, at)
		require.NoError(tb, err)
	}
	asked = new(int)
	return segment.Provenance{WriteKey: "key", Received: func() time.Time { *asked++; return received }}, asked
}

func TestTheReceiptOfTheRecordStandsInForReceivedAt(t *testing.T) {
	const (
		original = `"originalTimestamp":"2026-01-02T01:00:00.250Z"`
		sent     = `"sentAt":"2026-01-02T01:00:03.250Z"`
		late     = `"sentAt":"2026-01-01T03:00:03.499Z"`
	)
	tests := map[string]struct {
		members, received string
		want              string
		notes             []string
		asked             int
	}{
		// https://github.com/segmentio/analytics_flutter/issues/60: a phone
		// in another time zone wrote its local time without one.
		"with a clock that is five hours off": {
			`"originalTimestamp":"2024-02-22T03:34:17.882927","sentAt":"2024-02-22T03:34:23.476Z"`, "2024-02-22T08:34:24.001Z",
			`"2024-02-22T08:34:18.407927Z"`, nil, 1,
		},
		"with the finest digits": {
			original + `,` + sent, "2026-01-02T03:00:03.500000001Z", `"2026-01-02T03:00:00.500000001Z"`, nil, 1,
		},
		"in another zone": {original + `,` + sent, "2026-01-02T05:00:03.5+02:00", `"2026-01-02T03:00:00.500Z"`, nil, 1},
		"where receivedAt is zero": {
			original + `,` + sent + `,"receivedAt":"0001-01-01T00:00:00Z"`, "2026-01-02T03:00:03.5Z", `"2026-01-02T03:00:00.500Z"`, nil, 1,
		},
		"where receivedAt cannot be read": {
			original + `,` + sent + `,"receivedAt":"x"`, "2026-01-02T03:00:03.5Z",
			`"2026-01-02T03:00:00.500Z"`,
			[]string{"time_unreadable receivedAt"},
			1,
		},
		"where there is no original": {sent, "2026-01-02T05:00:03.5+02:00", `"2026-01-02T03:00:03.500Z"`, nil, 1},
		"where the original cannot be read": {
			`"originalTimestamp":"x",` + sent, "2026-01-02T03:00:03.5Z", `"2026-01-02T03:00:03.500Z"`, []string{"time_unreadable originalTimestamp"}, 1,
		},
		"but not where nobody knows it":        {original + `,` + sent, "", `"2026-01-02T01:00:00.250Z"`, nil, 1},
		"but not where receivedAt is there":    {original + `,` + sent + `,"receivedAt":"2026-01-02T02:00:03.25Z"`, "2026-01-02T03:00:03.5Z", `"2026-01-02T02:00:00.250Z"`, nil, 0},
		"but not without sentAt":               {original, "2026-01-02T03:00:03.5Z", `"2026-01-02T01:00:00.250Z"`, nil, 0},
		"but not with a sentAt that is zero":   {original + `,"sentAt":0`, "2026-01-02T03:00:03.5Z", `"2026-01-02T01:00:00.250Z"`, nil, 1},
		"but not with a placeholder in sentAt": {original + `,"sentAt":"x"`, "2026-01-02T03:00:03.5Z", `"2026-01-02T01:00:00.250Z"`, []string{"time_unreadable sentAt"}, 1},
		"but not for a timestamp":              {`"timestamp":"2026-01-02T01:00:00.250Z",` + sent, "2026-01-02T03:00:03.5Z", `"2026-01-02T01:00:00.250Z"`, nil, 0},
		"but not where there is no time":       {`"name":"n"`, "2026-01-02T03:00:03.5Z", `null`, nil, 0},
		"24 hours behind sentAt":               {original + `,` + sent, "2026-01-03T01:00:03.250Z", `"2026-01-03T01:00:00.250Z"`, nil, 1},
		"24 hours before sentAt":               {original + `,` + sent, "2026-01-01T01:00:03.250Z", `"2026-01-01T01:00:00.250Z"`, nil, 1},
		"but not more behind, published again": {original + `,` + sent, "2026-01-03T01:00:03.251Z", `"2026-01-02T01:00:00.250Z"`, []string{"clock_uncorrected sentAt"}, 1},
		"but not more before":                  {original + `,` + sent, "2026-01-01T01:00:03.249Z", `"2026-01-02T01:00:00.250Z"`, []string{"clock_uncorrected sentAt"}, 1},
		"but not years behind":                 {original + `,` + sent, "2036-01-01T01:00:03Z", `"2026-01-02T01:00:00.250Z"`, []string{"clock_uncorrected sentAt"}, 1},
		"but not centuries behind":             {original + `,"sentAt":"1601-01-01T00:00:00Z"`, "2026-01-01T01:00:03Z", `"2026-01-02T01:00:00.250Z"`, []string{"clock_uncorrected sentAt"}, 1},
		"but not more without an original":     {late, "2026-01-02T03:00:03.5Z", `"2026-01-01T03:00:03.499Z"`, []string{"clock_uncorrected sentAt"}, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			from, asked := receivedAt(t, test.received)
			converter := segment.NewConverter(config())
			calls, _, v := converter.Convert(nil, []byte(`{"type":"page","userId":"u",`+test.members+`}`), from)
			require.Nil(t, v, "%v", v)
			assertMembers(t, `{"timestamp":`+test.want+`}`, calls[0].JSON)
			assert.Equal(t, test.notes, described(converter.Notes()))
			assert.Equal(t, test.asked, *asked, "how often the receipt was asked for")
		})
	}
}

func TestTheReceiptIsAskedForOnceForSeveralCalls(t *testing.T) {
	const event = `{"type":"page","userId":"u","originalTimestamp":"2026-01-02T01:00:00Z","sentAt":"2026-01-02T01:00:03Z"}`
	converter := segment.NewConverter(config())
	for _, received := range []string{"2026-01-02T02:00:03Z", "2026-01-02T03:00:03Z"} {
		from, asked := receivedAt(t, received)
		calls, _, v := converter.Convert(nil, []byte(`[`+event+`,`+event+`]`), from)
		require.Nil(t, v)
		require.Len(t, calls, 2)
		for _, call := range calls {
			assertMembers(t, `{"timestamp":"`+received[:len("2026-01-02T02:00:0")]+`0.000Z"}`, call.JSON)
		}
		assert.Equal(t, 1, *asked)
	}
}

// Where a difference does not fit or leaves the calendar, there is no clock to
// correct.
func TestASentAtThatIsNotFromAClockIsNoted(t *testing.T) {
	for name, members := range map[string]string{
		"centuries away": `"originalTimestamp":"2026-01-02T01:00:00Z","sentAt":"1601-01-01T00:00:00Z","receivedAt":"2026-01-02T01:00:00Z"`,
		"to no year":     `"originalTimestamp":"0000-01-01T00:00:00Z","sentAt":"2026-01-02T00:00:01Z","receivedAt":"2026-01-02T00:00:00Z"`,
	} {
		t.Run(name, func(t *testing.T) {
			_, notes := noted(t, `{"type":"page","userId":"u",`+members+`}`)
			assert.Equal(t, []string{"clock_uncorrected sentAt"}, notes)
		})
	}
}
