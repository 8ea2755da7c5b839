package segment_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"benthos-segment/internal/segment"
)

func TestANumberIsAnEpochByItsSize(t *testing.T) {
	rows := []struct{ name, given, want string }{
		{"seconds", `1767323045`, "2026-01-02T03:04:05.000Z"},
		{"seconds with a fraction", `1767323045.678901`, "2026-01-02T03:04:05.678901Z"},
		{"seconds with every digit", `1767323045.123456789`, "2026-01-02T03:04:05.123456789Z"},
		{"seconds of nine digits", `978307200`, "2001-01-01T00:00:00.000Z"},
		{"seconds with zeros in the fraction", `1767323045.000000000`, "2026-01-02T03:04:05.000Z"},
		{"milliseconds", `1767323045678`, "2026-01-02T03:04:05.678Z"},
		{"milliseconds with a fraction", `1767323045678.25`, "2026-01-02T03:04:05.67825Z"},
		{"milliseconds that begin like a date", `2024013193000`, "2034-02-20T01:53:13.000Z"},
		{"milliseconds of twelve digits", `978307200123`, "2001-01-01T00:00:00.123Z"},
		{"milliseconds, finer than a nanosecond", `1767323045678.123456789`, "2026-01-02T03:04:05.678123456Z"},
		{"microseconds", `1767323045678901`, "2026-01-02T03:04:05.678901Z"},
		{"microseconds of fifteen digits", `978307200123456`, "2001-01-01T00:00:00.123456Z"},
		{"microseconds with a fraction", `1767323045678901.5`, "2026-01-02T03:04:05.6789015Z"},
		{"nanoseconds", `1767323045678901234`, "2026-01-02T03:04:05.678901234Z"},
		// https://github.com/trinodb/trino/issues/7604
		{"milliseconds with an exponent", `1.618540600943E12`, "2021-04-16T02:36:40.943Z"},
		{"seconds with an exponent", `1.767323045e9`, "2026-01-02T03:04:05.000Z"},
		{"seconds with a fraction and an exponent", `1.767323045678901E+9`, "2026-01-02T03:04:05.678901Z"},
		{"nanoseconds with an exponent", `1.767323045678901234e18`, "2026-01-02T03:04:05.678901234Z"},
		{"an exponent that adds zeros", `17e8`, "2023-11-14T22:13:20.000Z"},
		{"an exponent that takes digits", `1767323045678901e-3`, "2026-01-02T03:04:05.678901Z"},
		{"an exponent of nothing", `1767323045e0`, "2026-01-02T03:04:05.000Z"},
		{"the first that counts", `99964800`, "1973-03-03T00:00:00.000Z"},
		{"the last that counts", `4102444799.999999999`, "2099-12-31T23:59:59.999999999Z"},
		{"the last second of eleven digits before milliseconds", `100000000000`, "1973-03-03T09:46:40.000Z"},
		{"the last millisecond before microseconds", `4102444799999`, "2099-12-31T23:59:59.999Z"},
		{"digits of a date with an hour that no day has", `202401313030`, "1976-05-31T14:35:13.030Z"},
		{"digits of a date in a year that is not meant", `973012012345`, "2000-10-31T17:06:52.345Z"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			// As text they mean the same: https://github.com/protocolbuffers/protobuf/issues/2679
			for _, given := range []string{row.given, `"` + row.given + `"`, `" ` + row.given + ` "`} {
				call := convertedOne(t, `{"type":"page","userId":"u","timestamp":`+given+`}`)
				assertMembers(t, `{"timestamp":"`+row.want+`"}`, call.JSON)
			}
		})
	}
}

func TestANumberThatIsNotAnEpochIsRefusedWithItsLikelyForm(t *testing.T) {
	const (
		date, dateAndTime = "a date as a number", "a date and time as a number"
		ticks, fileTime   = ".NET ticks", "a Windows file time"
		days, other       = "Excel days", "not an epoch time in seconds, milliseconds, microseconds or nanoseconds between"
	)
	for given, form := range map[string]string{
		`20240131`:               date,
		`20240131.0`:             date,
		`2.0240131e7`:            date,
		`99991231`:               date,
		`20240131123000`:         dateAndTime,
		`20240131123000.5`:       dateAndTime,
		`2.0240131123e13`:        dateAndTime,
		`202401311230`:           dateAndTime,
		`999912312359`:           dateAndTime,
		`190001010000`:           dateAndTime,
		`638423424000000000`:     ticks,
		`638423424000000000.0`:   ticks,
		`133511904000000000`:     fileTime,
		`45322`:                  days,
		`45322.5`:                days,
		`2024`:                   other,
		`202401`:                 other,
		`1`:                      other,
		`0.5`:                    other,
		`99964799`:               other,
		`99964799.999999999`:     other,
		`4102444800`:             other,
		`4102444800000`:          other,
		`4102444800000000`:       other,
		`4102444800000000000`:    other,
		`99999999999`:            other,
		`10000000000000`:         other,
		`99999999999999`:         other,
		`500000000000000000`:     other,
		`99999999999999999`:      other,
		`10000000000000000000`:   other,
		`123456789012345678901`:  other,
		`-1767323045`:            other,
		`-1e-3`:                  other,
		`1767323045.1234567890`:  other,
		`1e400`:                  other,
		`1e-400`:                 other,
		`1e99999999999999999999`: other,
	} {
		for _, written := range []string{given, `"` + given + `"`} {
			t.Run(written, func(t *testing.T) {
				v := refused(t, `{"type":"page","userId":"u","timestamp":`+written+`}`)
				assert.Equal(t, segment.ReasonTimestampUnparseable, v.Reason)
				assert.Equal(t, "timestamp", v.Field)
				assert.Contains(t, v.Sentence, form)
			})
		}
	}
}

func TestATextThatIsNotATimeIsRefusedWithItsLikelyForm(t *testing.T) {
	const swapped, slashes, other = "without the year first", "a date with slashes", "write RFC 3339"
	for given, form := range map[string]string{
		// https://github.com/segmentio/Analytics.NET/issues/29
		"9/3/2015 10:15:00 AM": swapped,
		"31.01.2024":           swapped,
		"1-31-24":              swapped,
		"yesterday":            other,
		"10:15":                other,
		// https://github.com/flutter/flutter/pull/37345
		"2019/07/31 18:43:03 -0700": slashes,
		"2015/9/3":                  slashes,
		"2015/9":                    other,
		"this/or/that":              other,
		"-":                         other,
		"12/":                       other,
	} {
		t.Run(given, func(t *testing.T) {
			v := refused(t, `{"type":"page","userId":"u","timestamp":"`+given+`"}`)
			assert.Equal(t, segment.ReasonTimestampUnparseable, v.Reason)
			assert.Contains(t, v.Sentence, form)
		})
	}
}

func TestZeroCountsAsAbsent(t *testing.T) {
	for _, given := range []string{
		`null`, `""`, `0`, `-0`, `0.0`, `0e9`, `0e99999999999999999999`, `"0"`, `"0.000"`,
		`"0001-01-01T00:00:00Z"`, `"0001-01-01T00:00:00.000Z"`, `"0001-01-01T00:00:00"`, `"0001-01-01"`,
		`"0001-01-01T00:00:00+01:00"`, `"0001-01-01T00:00:00-05:00"`, `"0001-01-01 00:00:00 +0000 UTC"`,
		// Go's zero time in Unix, UnixMilli, UnixMicro and UnixNano.
		`-62135596800`, `-62135596800000`, `-62135596800000000`, `-6795364578871345152`, `"-62135596800"`, `-6.21355968e10`,
		// MySQL's.
		`"0000-00-00"`, `"0000-00-00 00:00:00"`,
	} {
		t.Run(given, func(t *testing.T) {
			for _, member := range []string{"timestamp", "originalTimestamp", "receivedAt", "sentAt"} {
				call, notes := noted(t, `{"type":"page","userId":"u","`+member+`":`+given+`}`)
				assertMembers(t, `{"timestamp":null,"messageId":"`+freshID+`"}`, call.JSON)
				assert.Empty(t, notes)
			}
			call := convertedOne(t, `{"type":"page","userId":"u","timestamp":`+given+
				`,"originalTimestamp":"2026-01-02T01:00:00Z","sentAt":"2026-01-02T01:00:03Z","receivedAt":"2026-01-02T03:00:03Z"}`)
			assertMembers(t, `{"timestamp":"2026-01-02T03:00:00.000Z"}`, call.JSON)
		})
	}
}

// epochModel is the rule for numbers, by exact arithmetic.
func epochModel(number *big.Rat) (time.Time, bool) {
	unit := int64(0)
	for _, u := range []struct {
		from, below string
		nanoseconds int64
	}{
		{"0", "1e11", 1e9},
		{"1e11", "1e14", 1e6},
		{"1e14", "1e17", 1e3},
		{"1e18", "1e20", 1},
	} {
		from, _ := new(big.Rat).SetString(u.from)
		below, _ := new(big.Rat).SetString(u.below)
		if number.Cmp(from) >= 0 && number.Cmp(below) < 0 {
			unit = u.nanoseconds
		}
	}
	nanoseconds := new(big.Rat).Mul(number, new(big.Rat).SetInt64(unit))
	whole := new(big.Int).Quo(nanoseconds.Num(), nanoseconds.Denom())
	if !whole.IsInt64() {
		return time.Time{}, false
	}
	at := time.Unix(0, whole.Int64()).UTC()
	return at, !at.Before(time.Date(1973, 3, 3, 0, 0, 0, 0, time.UTC)) && at.Year() < 2100
}

// mayBeADate says whether the digits before the point begin like a date, which
// the tables above look at.
func mayBeADate(number *big.Rat) bool {
	digits := new(big.Int).Quo(number.Num(), number.Denom()).String()
	return (len(digits) == 8 || len(digits) >= 12 && len(digits) <= 14) &&
		(strings.HasPrefix(digits, "19") || strings.HasPrefix(digits, "20") || strings.HasPrefix(digits, "9999"))
}

func TestEveryNumberIsReadByTheRule(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		literal := rapid.StringMatching(`[1-9][0-9]{0,19}(\.[0-9]{1,9})?`).Draw(rt, "number")
		number, ok := new(big.Rat).SetString(literal)
		require.True(rt, ok)
		if mayBeADate(number) {
			rt.Skip("it may be a date")
		}
		want, isEpoch := epochModel(number)

		sent, isSent := sentTime(t, literal)

		require.Equal(rt, isEpoch, isSent, literal)
		if !isEpoch {
			return
		}
		got, err := time.Parse(`"`+time.RFC3339Nano+`"`, sent)
		require.NoError(rt, err)
		require.True(rt, want.Equal(got), "%s was sent as %s", literal, sent)
		for _, same := range withExponents(literal) {
			again, _ := sentTime(t, same)
			require.Equal(rt, sent, again, "%s, which is %s", same, literal)
		}
	})
}

// withExponents writes a number in other ways.
func withExponents(literal string) []string {
	whole, fraction, _ := strings.Cut(literal, ".")
	return []string{
		fmt.Sprintf("%s%se-%d", whole, fraction, len(fraction)),
		fmt.Sprintf("0.%s%sE+%d", whole, fraction, len(whole)),
	}
}
