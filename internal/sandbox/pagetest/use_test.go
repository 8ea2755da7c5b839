package pagetest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment/plan"
	"benthos-segment/plugin/segmenttest"
)

func TestACallOpensInPlaceWithEverythingAboutIt(t *testing.T) {
	sb := newSandbox(t)
	sb.Fail(429).Times(1)
	send(t, sb.URL, mixed()...)
	send(t, sb.URL, mixed()...)
	tb := open(t, sb.URL)
	tb.click("#spacer .row[data-seq='3']")
	tb.shows(".detail pre", `"id": 9007199254740993`)
	tb.shows(".detail pre", `"price": 0.10`)
	tb.shows(".detail pre", `"odd": 1e400`)
	tb.shows(".detail .attempts", "429")
	tb.shows(".detail .attempts", "200")
	tb.shows(".detail .attempts", "fault 1: status 429")

	js[bool](tb, `[...document.querySelectorAll(".tabs button")].find(b => b.innerText === "Raw").click(), true`)
	assert.Equal(t, string(sb.Calls()[2].Raw), js[string](tb, `document.querySelector(".detail pre").textContent`))

	tb.click(".detail summary")
	tb.shows(".detail table", "Basic …")
	assert.NotContains(t, tb.text("body"), "write-key-0123456789")
	assert.Contains(t, js[string](tb, "location.search"), "call=3")

	tb.click("#spacer .row[data-seq='4']")
	tb.shows(".detail .violation", "event_not_defined")
	tb.shows(".detail .violation", "Segment discards a track call without the name of its event.")
	tb.shows(".detail .violation", "Set event to a non-empty string.")
	assert.Contains(t, js[string](tb, `document.querySelector(".violation a").href`), "https://www.twilio.com/docs/segment/")
}

func TestAWarningIsShownApartFromViolations(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, track(1), `{"type":"track","event":"Late","userId":"u1","messageId":"w","timestamp":"yesterday"}`)
	tb := open(t, sb.URL+"/?q=warning%3Aany")
	tb.until(`document.querySelectorAll("#spacer .row").length === 1`)
	tb.shows("#spacer .row .flags", "timestamp_unparseable")
	tb.until(`!document.querySelector("#spacer .row").matches(".bad")`)
	tb.click("#spacer .row")
	tb.shows(".detail .warning", "timestamp_unparseable")
	tb.shows(".detail .warning", "Send RFC 3339")
	tb.shows(".detail .facts", "accepted")
	tb.do(chromedp.Navigate(sb.URL + "/?person=u1"))
	tb.shows("#person .timeline", "timestamp_unparseable")
}

// What breaks a tracking plan is shown as the rest is.
func TestTheFindingsOfAPlanAreShown(t *testing.T) {
	p, err := plan.Parse([]byte(`{"rules":[{"type":"TRACK","key":"Paid","jsonSchema":{"properties":{"properties":{"required":["total"]}}}}]}`))
	require.NoError(t, err)
	sb := segmenttest.New(t, segmenttest.Config{Plan: p})
	send(t, sb.URL, `{"type":"track","event":"Paid","userId":"u","messageId":"m","properties":{}}`)
	tb := open(t, sb.URL+"/?q=plan%3Aany")
	tb.shows("#spacer .row .flags", "missing")
	tb.click("#spacer .row")
	tb.shows(".detail .plan", "missing")
	tb.shows(".detail .plan", "properties.total")
	tb.shows(".detail .plan", "Correct the event or the plan.")
}

func TestAFilterIsAppliedKeptAndExplained(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, mixed()...)
	tb := open(t, sb.URL)
	tb.until(`document.querySelectorAll("#spacer .row").length === 6`)
	tb.press("/")
	tb.press(`type:track violation:any`)
	tb.until(`document.querySelectorAll("#spacer .row").length === 1`)
	assert.Equal(t, []int{4}, tb.seqs())
	assert.Equal(t, "?q=type%3Atrack+violation%3Aany", js[string](tb, "location.search"))

	tb.press(" tpye:x")
	tb.shows("#q-error", "unknown filter tpye:")
	assert.Equal(t, []int{4}, tb.seqs(), "what was understood stays")

	tb.do(chromedp.Reload())
	tb.until(`document.querySelectorAll("#spacer .row").length === 1`)
	assert.Equal(t, "type:track violation:any", js[string](tb, `document.querySelector("#q").value`))

	tb.click(`#types [data-type="page"]`)
	tb.until(`document.querySelector("#q").value === "type:page violation:any"`)
	tb.shows("#empty", "No call matches")
	tb.click("#empty button")
	tb.until(`document.querySelectorAll("#spacer .row").length === 6`)
}

func TestADeepLinkShowsWhatItNames(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, mixed()...)
	tb := open(t, sb.URL+"/?q=user%3Au1&call=3")
	tb.shows(".detail strong", "Order Completed")
	assert.Len(t, tb.seqs(), 5)
	person := open(t, sb.URL+"/?person=ann")
	person.shows("#person h2", "u1")
}

// For a browser, another host name is another site.
func TestALinkFromAnotherSiteOpensThePage(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, mixed()...)
	elsewhere := http.NewServeMux()
	elsewhere.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<link rel="icon" href="data:,"><a id="link" href="%s/?q=user%%3Au1&call=3">what arrived</a>`, sb.URL)
	})
	server := httptest.NewServer(elsewhere)
	defer server.Close()
	tb := open(t, strings.Replace(server.URL, "127.0.0.1", "localhost", 1))
	tb.until(`document.querySelector("#link")`)
	tb.leavesFor(sb.URL)
	tb.click("#link")
	tb.shows(".detail strong", "Order Completed")
	tb.shows("#link", "Live")
}

func TestAFaultIsOnePresetAndOneClickAway(t *testing.T) {
	sb := newSandbox(t)
	tb := open(t, sb.URL)
	tb.click("#faults")
	tb.click(`[data-preset="throttle"]`)
	tb.shows("#fault", "Fault: status 429, 10 left, struck 0×")
	require.Len(t, sb.Faults(), 1)
	assert.Equal(t, 10, sb.Faults()[0].Remaining)

	tb.click(`[data-preset="guilty"]`)
	tb.shows("dialog", "First choose the calls")
	require.Len(t, sb.Faults(), 1)
	tb.do(chromedp.SendKeys(chromedp.CSS("#fault-event"), "Order*"))
	tb.click(`[data-preset="guilty"]`)
	tb.shows("#fault", "2 faults")
	assert.Equal(t, segmenttest.Match{Event: "Order*"}, sb.Faults()[1].Match)

	tb.press(kb.Escape)
	tb.until(`!document.querySelector("#fault").hidden`)
	send(t, sb.URL, track(1))
	tb.shows("#fault", "9 left, struck 1×")
	tb.click("#end-faults")
	tb.until(`document.querySelector("#fault").hidden`)
	assert.Empty(t, sb.Faults())
	tb.shows("#note", "Request 1 was answered 429")
}

func TestThePersonViewJoinsWhatBelongsTogether(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, append(mixed(), `{"type":"alias","userId":"u2","previousId":"u1","messageId":"7"}`, track(9))...)
	tb := open(t, sb.URL)
	tb.click("#spacer .row[data-seq='3']")
	tb.until(`document.querySelector(".detail .bar")`)
	js[bool](tb, `[...document.querySelectorAll(".detail .bar button")].find(b => b.innerText === "Person").click(), true`)

	tb.shows("#person h2", "u2")
	assert.Equal(t, 4, js[int](tb, `document.querySelectorAll("#person .graph .node").length`))
	assert.Equal(t, 3, js[int](tb, `document.querySelectorAll("#person .graph > path").length`))
	tb.shows("#person .ids", "tea club")
	tb.shows("#person .traits", `"gold"`)
	tb.shows("#person .traits", "9007199254740993")
	tb.click("#person .traits summary")
	tb.shows("#person .traits", `"free"`)
	assert.Equal(t, 7, js[int](tb, `document.querySelectorAll("#person .timeline button").length`))

	js[bool](tb, `document.querySelectorAll("#person .timeline button")[6].click(), true`)
	tb.shows(".detail strong", "Home")
}

func TestADeepLinkMayHoldAWrongFilter(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, mixed()...)
	tb := open(t, sb.URL+"/?q=tpye%3Atrack")
	tb.shows("#q-error", "unknown filter tpye:")
	tb.until(`document.querySelectorAll("#spacer .row").length === 6`)
	tb.shows("#link", "Live")
}

func TestAChipIsPressedWhereItsTypeIsAskedFor(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, mixed()...)
	tb := open(t, sb.URL+"/?q=-type%3Apage+type%3Atrack")
	tb.until(`document.querySelector('#types [data-type="track"]').ariaPressed === "true"`)
	assert.Equal(t, "false", js[string](tb, `document.querySelector('#types [data-type="page"]').ariaPressed`))
	tb.click(`#types [data-type="track"]`)
	tb.until(`document.querySelector("#q").value === "-type:page"`)
}

func TestWhatIsFilteredCanBeExported(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, mixed()...)
	tb := open(t, sb.URL+"/?q=type%3Atrack")
	tb.until(`document.querySelectorAll("#spacer .row").length === 2`)
	tb.press("e")
	tb.until(`document.querySelector("dialog[open] .files")`)
	links := js[[]string](tb, `[...document.querySelectorAll(".files a")].map(a => a.href)`)
	require.Len(t, links, 4)
	for i, want := range []string{"calls.ndjson", "calls.har", "calls.sh", "calls_fixture.go"} {
		resp, err := http.Get(links[i])
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, "attachment; filename="+want, resp.Header.Get("Content-Disposition"))
		assert.Equal(t, 2, strings.Count(strings.ReplaceAll(string(body), `\"`, `"`), `"type":"track"`))
	}
}

func TestReplayGoesOnlyWhereTheCommandLineSays(t *testing.T) {
	target := newSandbox(t)
	sb := newSandbox(t, segmenttest.Config{ReplayTo: target.URL})
	send(t, sb.URL, mixed()...)
	tb := open(t, sb.URL)
	tb.click("#spacer .row[data-seq='3']")
	tb.until(`document.querySelector(".detail .bar")`)
	tb.choose(".detail .bar", "Replay…")
	tb.shows("dialog[open]", "Send 1 call that matches seq:3 to "+target.URL)
	assert.Empty(t, target.Calls(), "it asks first")
	tb.choose("dialog", "Cancel")
	tb.until(`!document.querySelector("dialog[open]")`)
	assert.Empty(t, target.Calls())

	tb.choose(".detail .bar", "Replay…")
	tb.click("dialog [data-confirm]")
	tb.shows("dialog [role=status]", "1 call sent in 1 request.")
	assert.Equal(t, "3", target.Wait(1)[0].MessageID)
	target.Fail(503)
	tb.choose("dialog", "Close")
	tb.choose(".detail .bar", "Replay…")
	tb.click("dialog [data-confirm]")
	tb.shows("dialog [role=status]", "the target answered 503")
	tb.choose("dialog", "Close")

	without := open(t, newSandbox(t).URL)
	without.press("e")
	without.until(`document.querySelector("dialog[open]")`)
	assert.NotContains(t, without.text("dialog"), "Replay")
	assert.NotContains(t, without.text("dialog"), "sent on")
}

func TestEverythingWorksByKeyboard(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, mixed()...)
	tb := open(t, sb.URL)
	tb.until(`document.querySelectorAll("#spacer .row").length === 6`)
	chosen := `document.querySelector("#spacer .row[aria-selected=true]")?.dataset.seq`
	tb.press("jjj")
	tb.until(chosen + ` === "4"`)
	tb.press("k")
	tb.until(chosen + ` === "5"`)
	tb.press(kb.ArrowDown)
	tb.until(chosen + ` === "4"`)
	tb.press(kb.Enter)
	tb.shows(".detail .violation", "event_not_defined")
	assert.Equal(t, "row-4", js[string](tb, `document.querySelector("#scroller").getAttribute("aria-activedescendant")`))
	tb.press(kb.Escape)
	tb.until(`!document.querySelector(".detail")`)
	tb.press("/")
	assert.Equal(t, "q", js[string](tb, "document.activeElement.id"))
	tb.press("p")
	assert.NotContains(t, tb.text("#link"), "Paused", "a key is text where one types")
	tb.press(kb.Escape)
	tb.press("p")
	tb.shows("#link", "Paused")
	tb.press("p")
	tb.press("?")
	tb.shows("dialog[open]", "older call")
	tb.press(kb.Escape)
	tb.press("f")
	tb.until(`document.querySelector("dialog[open] .presets")`)
	tb.press(kb.Escape)
	tb.press("/")
	js[bool](tb, `document.querySelector("#q").select(), true`)
	tb.press(kb.Backspace)
	tb.press(kb.Escape)
	tb.press("c")
	tb.shows("#empty", "Cleared")
	tb.press("c")
	tb.until(`document.querySelectorAll("#spacer .row").length === 6`)
}

func TestScreenReadersAnnounceNewCalls(t *testing.T) {
	sb := newSandbox(t)
	tb := open(t, sb.URL)
	tb.shows("#link", "Live")
	send(t, sb.URL, tracks(0, 12)...)
	tb.shows("#said", "12 new calls")
	assert.Equal(t, "polite", js[string](tb, `document.querySelector("#said").ariaLive`))
	assert.Empty(t, js[[]string](tb, `[...document.querySelectorAll("button, input, a")]
		.filter(e => !(e.innerText || e.ariaLabel || e.labels?.length)).map(e => e.outerHTML)`), "these have no name")
	assert.Equal(t, []string{"grid", "columnheader", "rowgroup", "row", "gridcell"}, js[[]string](tb,
		`["#scroller", "#head span", "#spacer", "#spacer .row", "#spacer .row span"].map(s => document.querySelector(s).getAttribute("role"))`))
}
