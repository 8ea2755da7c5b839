package terminal_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/cmd/benthos-segment/internal/terminal"
)

func TestWhatIsNoTerminalHasNeitherColoursNorAnEnd(t *testing.T) {
	screen := terminal.Of(&bytes.Buffer{})
	assert.False(t, screen.IsTerminal)
	assert.Zero(t, screen.Width())
	assert.Equal(t, "text", screen.Paint(terminal.Red, "text"))
}

func TestTextsOfStrangersAreSafeToShow(t *testing.T) {
	for text, want := range map[string]string{
		"Order 订单 🙂":      "Order 订单 🙂",
		"👩‍💻":             "👩‍💻",
		"\x1b[31mred":     `\u001b[31mred`,
		"a\nb\tc":         `a\u000ab\u0009c`,
		"\u009b31m":       `\u009b31m`,
		"\u202eright":     `\u202eright`,
		"tag \U000e0041":  `tag \U000e0041`,
		"broken \xff end": `broken \xff end`,
	} {
		assert.Equal(t, want, terminal.Clean(text), "%q", text)
	}
}

func FuzzCleanJSONMeansTheSame(f *testing.F) {
	f.Add("\u202e\u009b\U000e0041 🙂")
	f.Fuzz(func(t *testing.T, text string) {
		encoded, err := json.Marshal(text)
		require.NoError(t, err)
		var before, after string
		require.NoError(t, json.Unmarshal(encoded, &before))
		clean := terminal.CleanJSON(string(encoded))
		require.NoError(t, json.Unmarshal([]byte(clean), &after))
		assert.Equal(t, before, after)
		assert.Equal(t, clean, terminal.Clean(clean))
	})
}

func TestLinesBreakBetweenWords(t *testing.T) {
	const red, end = "\x1b[31m", "\x1b[0m"
	for text, want := range map[string][]string{
		"short":                                 {"short"},
		"Segment discards a track call at once": {"Segment discards a track", "call at once"},
		red + "Segment discards a track" + end + " call":          {red + "Segment discards a track" + end, "call"},
		"订单订单订单 订单订单订单 订单":                                        {"订单订单订单", "订单订单订单 订单"},
		"a https://example.com/a-path-that-is-longer-than-that b": {"a", "https://example.com/a-path-that-is-longer-than-that", "b"},
		"  indented by two, and then more":                        {"  indented by two, and", "then more"},
		"":                                                        {""},
	} {
		assert.Equal(t, want, terminal.Lines(text, 24), "%q", text)
	}
	assert.Equal(t, []string{"too narrow to be broken"}, terminal.Lines("too narrow to be broken", 10))
	var out bytes.Buffer
	assert.Same(t, &out, terminal.Wrapping(&out), "what is no terminal gets whole lines")
}

func TestTextsAreCutToTheirColumns(t *testing.T) {
	assert.Equal(t, "Order", terminal.Fit("Order", 5))
	assert.Equal(t, "Ord  ", terminal.Fit("Ord", 5))
	assert.Equal(t, "订单…", terminal.Fit("订单订单", 5))
	assert.Equal(t, "订… ", terminal.Fit("订单订单", 4))
}
