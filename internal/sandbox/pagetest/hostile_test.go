package pagetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// payloads are texts that a careless page would run, follow or fail on.
var payloads = []string{
	`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `"><svg onload=alert(1)>`,
	`javascript:alert(1)`, `</title><script>alert(1)</script>`, `<iframe src="https://evil.example/">`,
	`<link rel=stylesheet href=https://evil.example/x.css>`, `{{constructor.constructor('alert(1)')()}}`,
	`__proto__`, `constructor`, `hasOwnProperty`, `toString`, "\u202egnirts\u202c", "zero\u200bwidth\u2066bidi\u2069",
	"line\u2028separator\u2029", "nul\x00", "🫖🎂", `'; DROP TABLE calls; --`, "`$(touch /tmp/x)`", "END OF CALL", strings.Repeat("W", 1000),
}

// hostile returns calls with a payload in every text.
func hostile(t *testing.T) []string {
	t.Helper()
	var calls []string
	for i, p := range payloads {
		quoted, err := json.Marshal(p)
		require.NoError(t, err)
		for _, kind := range []string{"track", "page", "identify", "group", "alias", p} {
			call := fmt.Sprintf(`{"type":%s,"event":%[2]s,"name":%[2]s,"userId":%[2]s,"anonymousId":%[2]s,"previousId":%[2]s,"groupId":%[2]s,
				"messageId":"h-%d-%s","timestamp":%[2]s,"properties":{%[2]s:%[2]s},"traits":{%[2]s:%[2]s,"__proto__":{"x":%[2]s}},"context":{%[2]s:%[2]s}}`,
				mustQuote(t, kind), quoted, i, strings.ToLower(kind[:3]))
			if json.Valid([]byte(call)) {
				calls = append(calls, call)
			}
		}
	}
	return calls
}

func mustQuote(t *testing.T, text string) string {
	t.Helper()
	quoted, err := json.Marshal(text)
	require.NoError(t, err)
	return string(quoted)
}

// corpus returns the invalid input that the output is tested with, as far as it
// can be a part of a batch.
func corpus(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../segment/testdata/corpus/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var calls []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		text = bytes.TrimSpace(text)
		if json.Valid(text) && len(text) < 32_000 {
			calls = append(calls, string(text))
		}
	}
	return calls
}

func TestHostileContentStaysText(t *testing.T) {
	sb := newSandbox(t)
	for _, call := range append(hostile(t), corpus(t)...) {
		send(t, sb.URL, call)
	}
	held := sb.Calls()
	require.Greater(t, len(held), 100)
	tb := open(t, sb.URL)
	tb.until(fmt.Sprintf(`document.querySelector("#scroller").ariaRowCount === "%d"`, len(held)))

	// Each is shown as a row and in full.
	for i := len(held) - 1; i >= 0; i-- {
		call := held[i]
		tb.press("j")
		tb.press(kb.Enter)
		tb.until(fmt.Sprintf(`document.querySelector(".detail article")?.ariaLabel === "Call %d"`, call.Seq))
		js[bool](tb, `[...document.querySelectorAll(".tabs button")].find(b => b.innerText === "Raw").click(), true`)
		require.Equal(t, string(call.Raw), js[string](tb, `document.querySelector(".detail pre").textContent`))
	}
	require.Empty(t, js[[]string](tb, "window.reports"))
	for _, p := range payloads {
		tb.do(chromedp.Navigate(sb.URL + "/?person=" + strings.ReplaceAll(urlQuote(p), "+", "%20")))
		tb.until(`document.querySelector("#person .timeline")`)
		require.Empty(t, js[[]string](tb, "window.reports"))
	}
	assert.Zero(t, js[int](tb, `document.querySelectorAll("main script, main iframe, main img, main link, [onerror], [onload]").length`))
	assert.Equal(t, "undefined", js[string](tb, "typeof ({}).x"))
	tb.check()
}

func TestThePageIsSmallAndMakesNoMarkup(t *testing.T) {
	total := 0
	for _, pattern := range []string{"js", "css", "html", "svg"} {
		files, err := filepath.Glob("../page/*." + pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			total += len(text)
			for _, word := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "style=", "onclick="} {
				assert.NotContains(t, string(text), word, file)
			}
		}
	}
	t.Logf("the page has %d bytes", total)
	assert.Less(t, total, 100_000)
}

// The page fits a phone and both themes, and does not move for people who prefer
// that.
func TestThePageFitsAndObeys(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, mixed()...)
	sb.Fail(503).Match(segmenttest.Match{Event: strings.Repeat("a long name ", 20)})
	colors := map[string]string{}
	for _, theme := range []string{"light", "dark"} {
		tb := open(t, sb.URL, chromedp.EmulateViewport(360, 740), media("prefers-color-scheme", theme))
		tb.until(`document.querySelectorAll("#spacer .row").length === 6`)
		tb.shows("#fault", "a long name")
		assert.Equal(t, 360, js[int](tb, "document.body.scrollWidth"))
		assert.Empty(t, js[[]string](tb, `[...document.querySelectorAll("header *, #stats *, #strip *, .row span")]
			.filter(e => e.checkVisibility() && e.getBoundingClientRect().right > 361).map(e => e.id || e.className || e.tagName)`), "these stick out")
		colors[theme] = js[string](tb, "getComputedStyle(document.body).backgroundColor")
		tb.click("#spacer .row")
		tb.until(`document.querySelector(".detail pre")`)
		assert.LessOrEqual(t, js[int](tb, "document.documentElement.scrollWidth"), 360)
	}
	assert.NotEqual(t, colors["light"], colors["dark"])

	still := open(t, sb.URL, media("prefers-reduced-motion", "reduce"))
	still.until(`document.querySelector("#spacer .row")`)
	assert.Equal(t, "0s", js[string](still, `getComputedStyle(document.querySelector("#spacer .row")).transitionDuration`))

	tb := open(t, sb.URL, media("prefers-color-scheme", "light"))
	tb.click("#theme")
	tb.click("#theme")
	tb.until(fmt.Sprintf(`getComputedStyle(document.body).backgroundColor === %q`, colors["dark"]))
	tb.do(chromedp.Reload())
	tb.until(fmt.Sprintf(`getComputedStyle(document.body).backgroundColor === %q`, colors["dark"]))
}

func media(feature, value string) chromedp.Action[chromedp.Void] {
	return command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: feature, Value: value}},
	})
}
