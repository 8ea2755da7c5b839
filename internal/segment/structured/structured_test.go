package structured_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/segment/structured"
)

// standard encodes a value with encoding/json, as AppendJSON should.
func standard(tb testing.TB, value any) string {
	tb.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	require.NoError(tb, encoder.Encode(value))
	// The one difference: these need no escapes in JSON.
	return strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029").
		Replace(strings.TrimSuffix(b.String(), "\n"))
}

func TestStructuredValuesAreWrittenAsEncodingJSONDoes(t *testing.T) {
	for _, value := range []any{
		nil, true, false, "", "a\"b\\c/\b\f\n\r\t\x00\x1f\x7f<>&é€😀\u2028\u2029\ufffd\uffff",
		json.Number("9007199254740993"), json.Number("0.10"), json.Number("1e400"), json.Number("-0"), json.Number("1.5E+07"),
		int(-1), int8(-128), int16(-32768), int32(math.MinInt32), int64(math.MinInt64),
		uint(1), uint8(255), uint16(65535), uint32(math.MaxUint32), uint64(math.MaxUint64),
		0.0, math.Copysign(0, -1), 0.1, 100.0, 1e20, 1e21, -1e21, 1e-6, 9.9e-7, 1e-9, 5e-324, math.MaxFloat64,
		float32(0.1), float32(1e-6), float32(1e21), float32(1e-7), float32(math.MaxFloat32), float32(3),
		[]byte{},
		[]byte("\xff\x00binary"), []byte(nil),
		time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.FixedZone("", 19800)), time.Unix(0, 0).UTC(),
		map[string]any{},
		map[string]any(nil),
		[]any{},
		[]any(nil),
		map[string]any{"b": 1, "a": []any{nil, map[string]any{"z": "<", "é": 1, "": 2}}, "B": "x"},
		// Not Bloblang's, but other processors'.
		map[string]int{"b": 1, "a": 2},
		[]string{"<", "\u2028"},
		struct {
			Name string `json:"name,omitempty"`
		}{"n"},
		json.RawMessage(`{"a":1}`), time.Second, new(5),
		[2]bool{true, false},
	} {
		t.Run(fmt.Sprintf("%T %v", value, value), func(t *testing.T) {
			got, v := structured.AppendJSON([]byte("before "), value)
			require.Nil(t, v)
			assert.Equal(t, "before "+standard(t, value), string(got))
		})
	}
}

func TestRandomDocumentsAreWrittenAsEncodingJSONDoes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		document := randomValue(random, 5)
		got, v := structured.AppendJSON(nil, document)
		require.Nil(t, v)
		require.Equal(t, standard(t, document), string(got))
	}
}

func randomValue(random *rand.Rand, depth int) any {
	kinds := 12
	if depth == 0 {
		kinds = 8
	}
	switch random.IntN(kinds) {
	case 0:
		return nil
	case 1:
		return random.IntN(2) == 0
	case 2:
		return math.Float64frombits(random.Uint64() &^ (1 << 62)) // Finite.
	case 3:
		return json.Number(fmt.Sprintf("%d.%02d", random.Int64(), random.IntN(100)))
	case 4:
		return random.Int64() - random.Int64()
	case 5:
		return time.Unix(random.Int64N(1e11), random.Int64N(1e9)).UTC()
	case 6, 7:
		return randomText(random)
	case 8, 9:
		array := make([]any, random.IntN(5))
		for i := range array {
			array[i] = randomValue(random, depth-1)
		}
		return array
	default:
		object := map[string]any{}
		for range random.IntN(6) {
			object[randomText(random)] = randomValue(random, depth-1)
		}
		return object
	}
}

func randomText(random *rand.Rand) string {
	runes := make([]rune, random.IntN(12))
	for i := range runes {
		runes[i] = []rune{'a', 'z', '"', '\\', '\n', 0, 0x1f, 0x7f, '<', 'é', '€', '😀', 0x2028, 0xfffd}[random.IntN(14)]
	}
	return string(runes)
}

func TestWhatJSONCannotSayIsAnError(t *testing.T) {
	deep := any("leaf")
	for range 10_001 {
		deep = []any{deep}
	}
	rows := []struct {
		name  string
		value any
		field string
	}{
		{"invalid UTF-8", "canary\xff", ""},
		{"invalid UTF-8 in a member", map[string]any{"userId": "canary\xff"}, "userId"},
		{"invalid UTF-8 far inside", map[string]any{"properties": map[string]any{"canary": []any{"\xff"}}}, "properties"},
		{"invalid UTF-8 in a name", map[string]any{"properties": map[string]any{"canary\xff": 1}}, "properties"},
		{"invalid UTF-8 in a member we do not know", map[string]any{"canary": "\xff"}, ""},
		{"invalid UTF-8 in a member called like one of ours", map[string]any{"canary": map[string]any{"userId": "\xff"}}, ""},
		{"invalid UTF-8 in a value of another type", map[string]any{"traits": []string{"canary\xff"}}, "traits"},
		{"NaN", map[string]any{"properties": math.NaN()}, "properties"},
		{"infinity", math.Inf(-1), ""},
		{"infinity in 32 bits", float32(math.Inf(1)), ""},
		{"a time that JSON cannot write", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), ""},
		{"a channel", map[string]any{"context": make(chan int)}, "context"},
		{"nesting", deep, ""},
	}
	for _, literal := range []string{"", "-", "+1", "01", "1.", ".5", "1e", "1e+", "0x1", "NaN", "1 ", " 1", "--1", "1.5.5", "1e5.5", "canary", `1,"a":2`} {
		rows = append(rows, struct {
			name  string
			value any
			field string
		}{"the number " + literal, map[string]any{"properties": json.Number(literal)}, "properties"})
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, v := structured.AppendJSON([]byte("before"), row.value)
			require.NotNil(t, v)
			assert.Equal(t, segment.ReasonInvalidJSON, v.Reason)
			assert.Equal(t, row.field, v.Field)
			assert.NotContains(t, v.Error(), "canary")
			assert.Equal(t, "before", string(got))
		})
	}
}

func TestAnErrorLeavesTheNextValueAlone(t *testing.T) {
	_, v := structured.AppendJSON(nil, map[string]any{"a": map[string]any{"x": math.NaN(), "y": 1}, "b": 2})
	require.NotNil(t, v)
	got, v := structured.AppendJSON(nil, map[string]any{"c": []any{1}})
	require.Nil(t, v)
	assert.Equal(t, `{"c":[1]}`, string(got))
}

func TestStructuredValuesMayBeAsDeepAsThePayloadsThatAreRead(t *testing.T) {
	deep := any("leaf")
	for range 9_990 {
		deep = []any{deep}
	}
	payload, v := structured.AppendJSON(nil, map[string]any{
		"type": "track", "userId": "u", "event": "E", "properties": map[string]any{"a": deep},
	})
	require.Nil(t, v)
	calls, _, v := segment.NewConverter(segment.Config{NewID: func() string { return "id" }}).
		Convert(nil, payload, segment.Provenance{WriteKey: "k"})
	require.Nil(t, v)
	require.Len(t, calls, 1)
	assert.True(t, json.Valid(calls[0].JSON))
}

func TestWritingAStructuredValueAllocatesNothing(t *testing.T) {
	event := structuredEvent(t)
	buffer := make([]byte, 0, 8192)
	allocations := testing.AllocsPerRun(100, func() {
		_, v := structured.AppendJSON(buffer, event)
		require.Nil(t, v)
	})
	// The race detector empties pools at random.
	assert.LessOrEqual(t, allocations, 2.0)
}

// structuredEvent is a web event as Bloblang holds it.
func structuredEvent(tb testing.TB) map[string]any {
	tb.Helper()
	events, err := os.ReadFile(filepath.Join("..", "testdata", "captures", "rudder-analytics-js-default.events.ndjson"))
	require.NoError(tb, err)
	decoder := json.NewDecoder(bytes.NewReader(bytes.Split(events, []byte("\n"))[5]))
	decoder.UseNumber()
	var event map[string]any
	require.NoError(tb, decoder.Decode(&event))
	return event
}

func BenchmarkAppendJSON(b *testing.B) {
	event := structuredEvent(b)
	b.Run("appender", func(b *testing.B) {
		b.ReportAllocs()
		buffer := make([]byte, 0, 8192)
		for b.Loop() {
			if _, v := structured.AppendJSON(buffer, event); v != nil {
				b.Fatal(v)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		var buffer bytes.Buffer
		for b.Loop() {
			buffer.Reset()
			encoder := json.NewEncoder(&buffer)
			encoder.SetEscapeHTML(false)
			if err := encoder.Encode(event); err != nil {
				b.Fatal(err)
			}
		}
	})
}
