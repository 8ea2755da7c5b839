package segment_test

import (
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

// idOf returns the user id that a number becomes.
func idOf(tb testing.TB, literal string) string {
	tb.Helper()
	call := convertedOne(tb, `{"type":"page","messageId":"m","userId":`+literal+`}`)
	assert.Equal(tb, segment.IDOf([]byte(segment.Inspect(call.JSON, segment.UnknownType).UserID)), call.UserID)
	return segment.Inspect(call.JSON, segment.UnknownType).UserID
}

func TestANumberIsOnePersonHoweverItIsWritten(t *testing.T) {
	for literal, want := range map[string]string{
		`0`: "0", `-0`: "0", `0.0`: "0", `0e5`: "0", `-0.000E-99999999999999999999`: "0", `0e99999999999999999999`: "0",
		`1`: "1", `1.0`: "1", `1.000`: "1", `1e0`: "1", `10e-1`: "1", `0.1e1`: "1", `0.001E+3`: "1", `1000e-3`: "1",
		`-1.0`: "-1", `100`: "100", `1e2`: "100", `1.00e2`: "100", `120e-1`: "12", `1.20`: "1.20", `1.2e0`: "1.2e0", `12e-1`: "12e-1", `0.5`: "0.5",
		`0.10`: "0.10", `1e-2`: "1e-2", `12345678901234567890123`: "12345678901234567890123",
		`12345678901234567890123.0`: "12345678901234567890123", `9007199254740993.0`: "9007199254740993",
		`9.007199254740993E15`: "9007199254740993", `1.2345678E7`: "12345678", `1e21`: "1" + strings.Repeat("0", 21),
		`1e99`: "1" + strings.Repeat("0", 99), `1e100`: "1e100", `1e400`: "1e400", `1e-400`: "1e-400", `1e99999999999999999999`: "1e99999999999999999999",
		`1e-99999999999999999999`: "1e-99999999999999999999", `5e-0`: "5", `5e+0`: "5",
	} {
		assert.Equal(t, want, idOf(t, literal), literal)
	}
}

// Whatever the spelling: the id has the value of the number, and of a whole one
// it is the digits.
func TestAnIDOfANumberHasItsValue(t *testing.T) {
	for _, sign := range []string{"", "-"} {
		for _, whole := range []string{"0", "1", "10", "55520", "9007199254740993", "1" + strings.Repeat("0", 98), "1" + strings.Repeat("23", 49)} {
			for _, fraction := range []string{"", ".0", ".5", ".10", ".000", ".001", ".120000"} {
				for _, exponent := range []string{"", "e0", "E1", "e+2", "e-1", "E-2", "e3", "e-5", "e19", "e98", "e99", "e100", "e-100", "e007"} {
					literal := sign + whole + fraction + exponent
					require.Equal(t, wantedNumericID(t, literal), idOf(t, literal), literal)
				}
			}
		}
	}
}

// wantedNumericID calculates with all digits.
func wantedNumericID(t *testing.T, literal string) string {
	t.Helper()
	mantissa, exponent, _ := strings.Cut(strings.ToLower(literal), "e")
	if shift, err := strconv.Atoi(exponent); exponent != "" && (err != nil || max(shift, -shift) > 400) {
		if strings.ContainsAny(mantissa, "123456789") {
			return literal
		}
		return "0"
	}
	value, isNumber := new(big.Rat).SetString(literal)
	require.True(t, isNumber, literal)
	whole := value.Num().String()
	isLiteral := !strings.ContainsAny(literal, ".eE") && value.Sign() != 0
	if value.IsInt() && len(strings.TrimPrefix(whole, "-")) <= 100 || isLiteral {
		return whole
	}
	return literal
}
