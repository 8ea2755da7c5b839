package pagetest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// Each was a wrong number once: a reload went into the paused list, and the count
// of the matches was that of the moment at which they were asked for.
func TestAPausedPageFiltersWhatItHolds(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, tracks(0, 90)...)
	tb := open(t, sb.URL)
	tb.shows("#held", "90 calls held")
	tb.click("#pause")
	tb.shows("#link", "Paused, 0 new")
	send(t, sb.URL, tracks(90, 100)...)
	tb.shows("#link", "Paused, 10 new")
	tb.press("/")
	tb.press(`event:"Order*"`)
	tb.shows("#held", "90 of 100 calls match")
	assert.Equal(t, 90, tb.seqs()[0])
	assert.True(t, js[bool](tb, `document.querySelector("#empty").hidden`))
	js[bool](tb, `document.querySelector("#q").select(), true`)
	tb.press(kb.Backspace)
	tb.shows("#held", "90 of 100 calls shown")
	assert.Equal(t, 90, tb.seqs()[0])
	tb.shows("#link", "Paused, 10 new")
}

func TestTheCountOfMatchesIsThatOfTheList(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, tracks(0, 111)...)
	tb := open(t, sb.URL+"/?q=type%3Atrack")
	tb.shows("#held", "111 of 111 calls match")
	sb.Fail(503).Match(segmenttest.Match{User: "nobody"})
	send(t, sb.URL, tracks(111, 1111)...)
	tb.shows("#held", "1,111 of 1,111 calls match")
	// A fault hides nothing.
	tb.until(`!document.querySelector("#fault").hidden`)
	assert.Equal(t, "1,111 of 1,111 calls match", tb.text("#held"))
}

func TestNothingIsDeletedByOneClick(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, mixed()...)
	tb := open(t, sb.URL+"/?q=type%3Atrack")
	tb.shows("#held", "2 of 6 calls match")
	tb.click("#delete")
	tb.shows("dialog[open]", "Delete 2 calls that match type:track from the sandbox?")
	assert.Equal(t, "Cancel", js[string](tb, "document.activeElement.innerText"), "Enter does no harm")
	// What comes meanwhile is not what was asked about.
	send(t, sb.URL, track(50))
	require.Len(t, sb.Calls(), 7)
	tb.click("dialog [data-confirm]")
	tb.shows("dialog [role=status]", "2 calls deleted.")
	assert.Len(t, sb.Calls(), 5)
	tb.choose("dialog", "Close")
	tb.shows("#held", "1 of 5 calls match")
	tb.press("d")
	tb.shows("dialog[open]", "Delete 1 call that matches")
	tb.press(kb.Escape)
	assert.Len(t, sb.Calls(), 5)
}

func TestACounterShowsWhatItCounts(t *testing.T) {
	sb := newSandbox(t)
	sb.Fail(503).Times(1)
	send(t, sb.URL, mixed()...)
	send(t, sb.URL, mixed()...)
	send(t, sb.URL, mixed()[0], `{"type":"track","event":" Tea ","userId":"u1","messageId":"w"}`)
	tb := open(t, sb.URL)
	tb.shows("#held", "8 calls held")
	assert.Equal(t, "discarded", js[string](tb, `document.querySelector("#stats [data-counter]").dataset.counter`), "it leads")
	for counter, want := range map[string]struct{ held, first string }{
		"discarded": {"1 of 8 calls match", "4"}, "warned": {"1 of 8 calls match", "8"},
		"duplicates": {"1 of 8 calls match", "7"}, "calls": {"8 calls held", "8"},
	} {
		tb.click(`[data-counter="` + counter + `"]`)
		tb.until(`document.querySelector("#spacer .row[aria-rowindex='1']")?.dataset.seq === "` + want.first + `"`)
		tb.shows("#held", want.held)
	}
	tb.click(`[data-counter="5xx"]`)
	tb.until(`document.querySelectorAll("#requests button.rq").length === 1`)
	tb.shows("#requests .rq .status", "503")
	tb.click(`[data-counter="requests"]`)
	tb.until(`document.querySelectorAll("#requests button.rq").length === 3`)
}

func TestTheRequestsAreBesideTheCalls(t *testing.T) {
	sb := newSandbox(t)
	sb.Fail(429).RetryAfter("1").Times(1)
	send(t, sb.URL, tracks(0, 3)...)
	send(t, sb.URL, append(tracks(0, 3), `{"type":"track","userId":"u"}`)...)
	tb := open(t, sb.URL)
	tb.choose("#tabs", "Requests")
	tb.until(`document.querySelectorAll("#requests button.rq").length === 2`)
	cells := func(seq string) []string {
		return js[[]string](tb, `[...document.querySelectorAll('button.rq[data-seq="`+seq+`"] span')].map(e => e.innerText)`)
	}
	newest := cells("2")
	assert.Equal(t, []string{"200", "4 (1 discarded)", "1"}, newest[2:5])
	assert.Equal(t, []string{"2"}, js[[]string](tb, `[...document.querySelectorAll("button.rq:has(.calls.bad)")].map(e => e.dataset.seq)`),
		"what was discarded behind a 200 is marked")
	assert.Regexp(t, `^[0-9.]+ m?s$`, newest[5], "the wait since the attempt before")
	oldest := cells("1")
	assert.Equal(t, []string{"429", "3 (none accepted)", "1", "", "fault 1: status 429"}, oldest[2:])
	assert.Equal(t, "2", js[string](tb, `document.querySelector("button.rq").dataset.seq`), "newest first")

	// They come as they come, and what is open stays.
	tb.click(`button.rq[data-seq="1"]`)
	tb.shows("#requests .opened", "m0 m1 m2")
	tb.click("#requests .opened summary")
	tb.shows("#requests .opened", "Basic …")
	assert.NotContains(t, tb.text("body"), "write-key-0123456789")
	send(t, sb.URL, track(7))
	tb.until(`document.querySelectorAll("#requests button.rq").length === 3`)
	tb.shows("#requests .opened", "m0 m1 m2")
	tb.click(`#statuses [data-status="4xx"]`)
	tb.until(`document.querySelectorAll("#requests button.rq").length === 1`)
	assert.Equal(t, "?tab=requests&status=4xx", js[string](tb, "location.search"))

	tb.click(`#statuses [data-status=""]`)
	tb.click(`button.rq[data-seq="2"]`)
	tb.choose("#requests .opened", "Show its 4 calls")
	tb.until(`document.querySelectorAll("#spacer .row").length === 4`)
	assert.Equal(t, "request:2", js[string](tb, `document.querySelector("#q").value`))
}

func TestARowSaysWho(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, `{"type":"identify","userId":"u1","messageId":"1","traits":{"email":"eve@example.com"}}`,
		`{"type":"alias","userId":"u1","previousId":"ann","messageId":"2"}`,
		`{"type":"alias","userId":"the-user-0123-4567-89ab-cdef","previousId":"51ea40b0-7088-4482-8231-74d06cde3e3a","messageId":"3"}`)
	tb := open(t, sb.URL)
	tb.shows("#spacer .row[data-seq='3'] .name", "51ea40b0-70…74d06cde3e3a → the-user-01…67-89ab-cdef")
	tb.shows("#spacer .row[data-seq='1'] .name", "eve@example.com")
	tb.shows("#spacer .row[data-seq='2'] .name", "ann → u1")
}

func TestTheTimelineIsThatOfTheEvents(t *testing.T) {
	sb := newSandbox(t)
	for _, at := range []string{"2020-01-02T11:00:00Z", "2020-01-01T11:00:00Z", "2020-01-03T11:00:00Z"} {
		send(t, sb.URL, `{"type":"track","event":"At `+at[8:10]+`","userId":"u","messageId":"`+at+`","timestamp":"`+at+`"}`)
	}
	tb := open(t, sb.URL+"/?person=u")
	tb.until(`document.querySelectorAll("#person .timeline button").length === 3`)
	assert.Equal(t, []string{"2020-01-03", "At 03", "2020-01-02", "At 02", "2020-01-01", "At 01"}, js[[]string](tb,
		`[...document.querySelectorAll("#person .timeline li")].map(e => e.querySelector("span:nth-child(3)")?.innerText ?? e.innerText)`))
	assert.True(t, js[bool](tb, `document.querySelector("#delete").hidden`), "it would delete what is not seen")
}

func TestACallThatSegmentWouldDropSaysSo(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, mixed()...)
	tb := open(t, sb.URL)
	tb.click("#spacer .row[data-seq='4']")
	tb.shows(".detail .facts", "200 OK, but Segment would drop it")
	tb.shows(".detail h3", "Segment would drop this call")
	tb.click("#spacer .row[data-seq='3']")
	tb.shows(".detail .facts", "200 OK, accepted")
	tb.choose(".detail .bar", "Reject next time")
	tb.shows("#fault", "status 400 of message_id 3")
	send(t, sb.URL, mixed()...)
	assert.Equal(t, 1, sb.Faults()[0].Hits)
}

func TestBackAndForwardGoThroughTheViews(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, mixed()...)
	tb := open(t, sb.URL)
	tb.until(`document.querySelectorAll("#spacer .row").length === 6`)
	tb.press("/")
	tb.press("type:track")
	tb.until(`document.querySelectorAll("#spacer .row").length === 2`)
	tb.press(" violation:any") // still one step
	tb.until(`document.querySelectorAll("#spacer .row").length === 1`)
	tb.click("#spacer .row")
	tb.until(`document.querySelector(".detail .bar")`)
	tb.choose(".detail .bar", "Person")
	tb.shows("#person h2", "u1")
	tb.choose("#person", "← All calls")
	tb.click(`[data-counter="requests"]`)
	tb.until(`!document.querySelector("#requests").hidden`)

	back, forward := func() { js[bool](tb, "(history.back(), true)") }, func() { js[bool](tb, "(history.forward(), true)") }
	back()
	tb.until(`!document.querySelector("#calls").hidden && document.querySelector(".detail")`)
	back()
	tb.shows("#person h2", "u1")
	back()
	tb.until(`!document.querySelector("#calls").hidden && document.querySelector(".detail")`)
	back()
	tb.until(`!document.querySelector(".detail")`)
	assert.Equal(t, "type:track violation:any", js[string](tb, `document.querySelector("#q").value`))
	back()
	tb.until(`document.querySelectorAll("#spacer .row").length === 6`)
	assert.Empty(t, js[string](tb, `document.querySelector("#q").value`))
	forward()
	tb.until(`document.querySelectorAll("#spacer .row").length === 1`)
	forward()
	tb.until(`document.querySelector(".detail")`)
}

func TestAPresetThatIsActiveIsMarkedAndEnds(t *testing.T) {
	sb := newSandbox(t)
	tb := open(t, sb.URL)
	tb.click("#faults")
	pressed := `[...document.querySelectorAll(".presets [aria-pressed=true]")].map(b => b.dataset.preset).join()`
	tb.until(pressed + ` === ""`)
	tb.click(`[data-preset="slow"]`)
	tb.until(pressed + ` === "slow"`)
	tb.press(kb.Escape)
	tb.click("#faults")
	tb.until(pressed + ` === "slow"`)
	tb.click(`[data-preset="slow"]`)
	tb.until(pressed + ` === ""`)
	assert.Empty(t, sb.Faults())
}

func TestAnErrorCoversNothing(t *testing.T) {
	sb := newSandbox(t)
	for _, width := range []int64{1280, 360} {
		tb := open(t, sb.URL+"/?q=tpye%3Atrack", chromedp.EmulateViewport(width, 740))
		tb.shows("#q-error", "unknown filter")
		assert.Empty(t, js[[]string](tb, `(([a, others]) => others.filter(e => {
			const b = e.getBoundingClientRect();
			return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
		}).map(e => e.outerHTML))([document.querySelector("#q-error").getBoundingClientRect(),
			[...document.querySelectorAll("#stats *, #strip *, #tabbar *, nav *")]])`))
	}
}

func TestAFileIsImportedOnThePage(t *testing.T) {
	sb := newSandbox(t)
	tb := open(t, sb.URL)
	file := filepath.Join(t.TempDir(), "calls.ndjson")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(mixed(), "\n")), 0o600))
	tb.click("#export")
	tb.until(`document.querySelector("#import")`)
	tb.do(chromedp.SetUploadFiles(chromedp.CSS("#import"), []string{file}))
	tb.shows("dialog [role=status]", "6 calls imported, 1 of them discarded, 0 duplicates.")
	assert.Len(t, sb.Calls(), 6)
	require.NoError(t, os.WriteFile(file, []byte(mixed()[0]), 0o600))
	tb.do(chromedp.SetUploadFiles(chromedp.CSS("#import"), []string{file}))
	tb.shows("dialog [role=status]", "1 call imported, 0 of them discarded, 1 duplicate.")
	require.NoError(t, os.WriteFile(file, []byte("hello"), 0o600))
	tb.do(chromedp.SetUploadFiles(chromedp.CSS("#import"), []string{file}))
	tb.shows("dialog [role=status]", "line 1 is not JSON")
}

// Another program's violation has a code that this page does not know.
func TestAnUnknownKindOfViolationIsShown(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, mixed()...)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/calls/4" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"seq":4,"type":"track","status":200,"accepted":false,"attempts":[],"violations":[
				{"code":"not_in_the_plan","sentence":"The plan has no such event."}],"write_key":"k","write_key_fingerprint":"f"}`))
			return
		}
		sb.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	t.Cleanup(proxy.CloseClientConnections)
	tb := open(t, proxy.URL+"/?call=4")
	tb.shows(".detail .violation", "not_in_the_plan")
	tb.shows(".detail .violation", "The plan has no such event.")
	assert.NotContains(t, tb.text(".detail .violation"), "undefined")
	assert.Zero(t, js[int](tb, `document.querySelectorAll(".violation a").length`))
}
