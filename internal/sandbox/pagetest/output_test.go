package pagetest

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/recorder"
	"benthos-segment/internal/segment"
)

// What an output shows can be read, so that nothing is offered that changes it.
func TestThePageOfAnOutputIsForReading(t *testing.T) {
	r, err := recorder.Open(recorder.Config{Address: "127.0.0.1:0", Calls: 10, Version: "test"})
	require.NoError(t, err)
	t.Cleanup(r.Close)
	tb := open(t, r.URL)
	tb.shows("#empty", "What this output sends")
	assert.Empty(t, tb.text("#empty pre"))
	r.Attempt(recorder.Attempt{At: time.Now(), Status: 200, Calls: []segment.Call{{WriteKey: "k", JSON: []byte(track(1))}}})
	r.Failed([]byte(track(2)), "k", &segment.Violation{Reason: segment.ReasonRefused, Sentence: "the server refused it"})
	tb.shows("#held", "2 calls held")
	assert.Equal(t, "Segment output", tb.text("#title"))
	assert.Equal(t, "Segment output", js[string](tb, "document.title"))
	assert.True(t, js[bool](tb, `["#faults", "#delete"].every(id => document.querySelector(id).hidden)`))

	tb.press("df")
	tb.press("e")
	tb.until(`document.querySelector("dialog[open] .files")`)
	assert.NotContains(t, tb.text("dialog"), "Delete")
	assert.NotContains(t, tb.text("dialog"), "Import")
	tb.press(kb.Escape)
	tb.press("?")
	tb.shows("dialog[open]", "this help")
	assert.NotContains(t, tb.text("dialog"), "asks first")
	tb.press(kb.Escape)

	tb.click("#spacer .row[data-seq='2']")
	tb.shows(".detail .facts", "refused")
	tb.shows(".detail h3", "This call was not delivered")
	assert.NotContains(t, tb.text(".detail .bar"), "Reject")
}
