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

func TestTextsAreCutToTheirColumns(t *testing.T) {
	assert.Equal(t, "Order", terminal.Fit("Order", 5))
	assert.Equal(t, "Ord  ", terminal.Fit("Ord", 5))
	assert.Equal(t, "订单…", terminal.Fit("订单订单", 5))
	assert.Equal(t, "订… ", terminal.Fit("订单订单", 4))
}
