package pagetest

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

func TestAPersonGoesOnWithWhatArrives(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, mixed()...)
	tb := open(t, sb.URL+"/?person=u1")
	tb.shows("#person .bar small", "6 calls")
	tb.click("#person .traits summary")
	tb.until(`document.activeElement.localName === "summary"`)

	send(t, sb.URL, `{"type":"identify","userId":"u1","messageId":"7","traits":{"plan":"platinum"}}`)

	tb.shows("#person .bar small", "7 calls")
	tb.shows("#person .traits", `"platinum"`)
	assert.True(t, js[bool](tb, `document.querySelector("#person .traits details").open`), "what was opened stays open")
	assert.Equal(t, 7, js[int](tb, `document.querySelectorAll("#person .timeline button").length`))

	tb.click("#pause")
	send(t, sb.URL, track(51))
	tb.shows("#link", "Paused, 1 new")
	assert.Equal(t, "7 calls", tb.text("#person .bar small"))
	tb.click("#pause")
	tb.shows("#person .bar small", "8 calls")
}

func TestAnOpenCallGoesOnWithItsAttempts(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, mixed()...)
	tb := open(t, sb.URL)
	tb.click("#spacer .row[data-seq='3']")
	tb.shows(".detail h3", "1 attempt")
	tb.choose(".detail .tabs", "Raw")
	sb.Fail(503).Times(1)
	send(t, sb.URL, mixed()...)
	tb.shows(".detail h3", "2 attempts")
	send(t, sb.URL, mixed()...)
	tb.shows(".detail h3", "3 attempts")
	assert.Equal(t, "Raw", js[string](tb, `document.querySelector(".detail .tabs [aria-pressed=true]").innerText`))
}

// More than was counted would have been sent.
func TestNothingIsReplayedThatWasNotCounted(t *testing.T) {
	target := newSandbox(t)
	sb := newSandbox(t, segmenttest.Config{ReplayTo: target.URL})
	send(t, sb.URL, tracks(0, 3)...)
	tb := open(t, sb.URL)
	tb.shows("#held", "3 calls held")
	tb.press("e")
	tb.choose("dialog", "Replay them to "+target.URL+"…")
	tb.shows("dialog[open]", "Send 3 calls")
	send(t, sb.URL, tracks(3, 7)...)
	tb.click("dialog [data-confirm]")
	tb.shows("dialog [role=status]", "3 calls sent in 1 request.")
	assert.Len(t, target.Calls(), 3)
}

// No call had come when the page was paused, so none is meant.
func TestWhatAPausedPageHasNotShownIsNotDeleted(t *testing.T) {
	sb := newSandbox(t)
	tb := open(t, sb.URL)
	tb.shows("#empty", "Waiting for the first call")
	tb.click("#pause")
	send(t, sb.URL, tracks(0, 3)...)
	tb.shows("#link", "Paused, 3 new")
	tb.press("d")
	tb.shows("dialog[open]", "Delete 0 calls from the sandbox?")
	tb.click("dialog [data-confirm]")
	tb.shows("dialog [role=status]", "0 calls deleted.")
	assert.Len(t, sb.Calls(), 3)
	tb.choose("dialog", "Close")
	tb.press("e")
	assert.Contains(t, js[string](tb, `document.querySelector(".files a").href`), "until=0")
	tb.press(kb.Escape)
}

// The page keeps fewer calls than the largest sandbox.
func TestAPageThatIsFullSaysSo(t *testing.T) {
	const calls = 55_500
	sb := newSandbox(t, segmenttest.Config{MaxCalls: 60_000})
	for n := 0; n < calls; n += 500 {
		send(t, sb.URL, tracks(n, n+500)...)
	}
	require.Len(t, sb.Calls(), calls)
	tb := open(t, sb.URL+"/?q=type%3Atrack")
	tb.shows("#held", "the newest 5")
	tb.shows("#held", fmt.Sprintf(" that match, of %s calls", "55,500"))
}
