package pagetest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	cdproto "github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// Half a second is the aim. One of several calls has to be that fast: a busy
// machine is slow now and then, a page that waits is always slow.
func TestTheFirstCallIsOnThePageWithinHalfASecond(t *testing.T) {
	const limit, tries = 500 * time.Millisecond, 5
	var took []time.Duration
	for range tries {
		sb := newSandbox(t)
		tb := open(t, sb.URL)
		tb.shows("#link", "Live")
		js[bool](tb, `window.firstAt = 0, new MutationObserver(() => {
			if (!firstAt && document.querySelector("#spacer .row")) firstAt = Date.now();
		}).observe(document.querySelector("#spacer"), {childList: true, subtree: true}), true`)
		sent := time.Now()
		send(t, sb.URL, track(1))
		tb.until("firstAt")
		took = append(took, time.UnixMilli(int64(js[float64](tb, "firstAt"))).Sub(sent).Round(time.Millisecond))
		if slices.Min(took) < limit {
			t.Logf("the first call was on the page after %v", took)
			return
		}
	}
	t.Errorf("the first call was on the page after %v, never within %s", took, limit)
}

func TestEveryCallIsThereInExactOrder(t *testing.T) {
	sb := newSandbox(t)
	tb := open(t, sb.URL)
	for n := range 20 {
		send(t, sb.URL, tracks(n*10, n*10+10)...)
	}
	tb.shows("#held", "200 calls held")
	tb.until(`document.querySelector("#spacer .row[aria-rowindex='1']")?.dataset.seq === "200"`)
	seqs := tb.seqs()
	for i, seq := range seqs {
		require.Equal(t, 200-i, seq)
	}
	assert.Equal(t, "200", js[string](tb, `document.querySelector("#scroller").getAttribute("aria-rowcount")`))
	js[bool](tb, `document.querySelector("#scroller").scrollTop = 1e9, true`)
	tb.until(`document.querySelector("#spacer .row[data-seq='1']")`)
}

// At 5,000 calls a second the page must not freeze.
func TestFiftyThousandCallsLeaveThePageSmall(t *testing.T) {
	sb := newSandbox(t)
	tb := open(t, sb.URL)
	tb.shows("#link", "Live")
	// The longest time in which the page drew nothing.
	js[bool](tb, `window.pause = 0, window.drawn = performance.now(), (function draw() {
		pause = Math.max(pause, performance.now() - drawn);
		drawn = performance.now();
		requestAnimationFrame(draw);
	})(), true`)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	sendMany := func(from, to int) {
		for n := from; n < to; n += 500 {
			send(t, sb.URL, tracks(n, n+500)...)
			<-tick.C
		}
		tb.until(fmt.Sprintf(`document.querySelector("#spacer .row[aria-rowindex='1']")?.dataset.seq === "%d"`, to))
	}
	heap := func() float64 {
		tell(tb, heapprofiler.CollectGarbage, cdproto.Empty{})
		usage, err := chromedp.Call(tb.ctx, runtime.GetHeapUsage, cdproto.Empty{})
		require.NoError(t, err)
		return usage.UsedSize / 1e6
	}
	// The list is full by 12,000, so from there on nothing may grow.
	sendMany(0, 12_000)
	before := heap()
	sendMany(12_000, 50_000)
	after := heap()

	rows := js[int](tb, `document.querySelectorAll("[role=row]").length`)
	kept := js[string](tb, `document.querySelector("#scroller").ariaRowCount`)
	t.Logf("%d rows for %s calls; heap %.1f MB after 12,000 calls, %.1f MB after 50,000; longest time without a frame %.0f ms",
		rows, kept, before, after, js[float64](tb, "pause"))
	assert.Less(t, rows, 200)
	assert.Less(t, after, before+3, "the heap grows with every call")
	tb.shows("#held", "40,000 older ones evicted")
}

func TestNothingMovesForReadersFurtherDown(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, tracks(0, 300)...)
	tb := open(t, sb.URL)
	tb.until(`document.querySelector("#spacer .row")`)
	js[bool](tb, `document.querySelector("#scroller").scrollTop = 1400, true`)
	tb.until(`document.querySelector("#spacer .row[data-seq='250']")`)
	place := `document.querySelector("#spacer .row[data-seq='250']").getBoundingClientRect().top`
	before := js[float64](tb, place)

	send(t, sb.URL, tracks(300, 400)...)

	tb.shows("#newer", "100 new")
	assert.InDelta(t, before, js[float64](tb, place), 1)
	tb.click("#newer")
	tb.until(`document.querySelector("#spacer .row[aria-rowindex='1']")?.dataset.seq === "400"`)
}

func TestPauseCountsWhatIsMissed(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, tracks(0, 3)...)
	tb := open(t, sb.URL)
	tb.until(`document.querySelectorAll("#spacer .row").length === 3`)
	tb.click("#pause")
	send(t, sb.URL, tracks(3, 10)...)
	tb.shows("#link", "Paused, 7 new")
	assert.Len(t, tb.seqs(), 3)

	tb.click("#pause")
	tb.until(`document.querySelectorAll("#spacer .row").length === 10`)
	tb.shows("#link", "Live")
}

func TestClearHidesAndShowsAgain(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, tracks(0, 3)...)
	tb := open(t, sb.URL)
	tb.until(`document.querySelectorAll("#spacer .row").length === 3`)
	tb.click("#clear")
	tb.shows("#empty", "Cleared")
	send(t, sb.URL, track(4))
	tb.until(`document.querySelectorAll("#spacer .row").length === 1`)
	assert.Contains(t, js[string](tb, "location.search"), "since=3")
	assert.Len(t, sb.Calls(), 4, "the sandbox still has them")
}

func TestASlowPageIsToldOfTheGap(t *testing.T) {
	sb := newSandbox(t, segmenttest.Config{MaxCalls: 50})
	tb := open(t, sb.URL)
	send(t, sb.URL, tracks(0, 5)...)
	tb.until(`document.querySelectorAll("#spacer .row").length === 5`)
	// The server sends a frame at most every tenth of a second; 300 calls come
	// and go meanwhile.
	send(t, sb.URL, tracks(5, 305)...)
	// What the sandbox does not hold any more is not shown either.
	tb.until(`document.querySelector("#scroller").ariaRowCount === "51"`)
	js[bool](tb, `document.querySelector("#scroller").scrollTop = 1e9, true`)
	tb.shows("#spacer .gap", "250 calls evicted before this page could show them: 6 to 255")
}

func TestThePageGoesOnAfterARestart(t *testing.T) {
	serve := func(address string) (string, func()) {
		listener, err := net.Listen("tcp", address)
		require.NoError(t, err)
		server := &http.Server{Handler: segmenttest.NewInProcess(t)}
		go func() { _ = server.Serve(listener) }()
		return listener.Addr().String(), func() { _ = server.Close() }
	}
	address, stop := serve("127.0.0.1:0")
	url := "http://" + address
	send(t, url, tracks(0, 5)...)
	tb := open(t, url)
	tb.until(`document.querySelectorAll("#spacer .row").length === 5`)

	stop()
	tb.shows("#link", "Reconnecting")
	_, stop = serve(address)
	defer stop()
	send(t, url, `{"type":"page","name":"After","userId":"u","messageId":"x"}`)

	tb.shows("#link", "Live")
	tb.until(`document.querySelectorAll("#spacer .row").length === 1`)
	tb.shows("#spacer .row", "After")
	tb.shows("#said", "restarted")
	tb.click("#spacer .row")
	tb.shows(".detail pre", "After")
}

// A connection that breaks while the server lives loses and repeats nothing.
func TestThePageGoesOnAfterABrokenConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	sb := segmenttest.NewInProcess(t)
	first := &http.Server{Handler: sb}
	go func() { _ = first.Serve(listener) }()
	url := "http://" + listener.Addr().String()
	send(t, url, tracks(0, 5)...)
	tb := open(t, url)
	tb.until(`document.querySelectorAll("#spacer .row").length === 5`)

	require.NoError(t, first.Close())
	tb.shows("#link", "Reconnecting")
	post, err := http.NewRequest(http.MethodPost, url+"/v1/batch", strings.NewReader(`{"writeKey":"k","batch":[`+strings.Join(tracks(5, 8), ",")+`]}`))
	require.NoError(t, err)
	_, err = sb.Client().Do(post)
	require.NoError(t, err)
	listener, err = net.Listen("tcp", listener.Addr().String())
	require.NoError(t, err)
	second := &http.Server{Handler: sb}
	go func() { _ = second.Serve(listener) }()
	defer second.Close()

	tb.until(`document.querySelectorAll("#spacer .row").length === 8`)
	assert.Equal(t, []int{8, 7, 6, 5, 4, 3, 2, 1}, tb.seqs())
}

func TestTheCountersAndTheLastMinute(t *testing.T) {
	sb := newSandbox(t)
	tb := open(t, sb.URL)
	tb.shows("#link", "Live")
	sb.Fail(503).Times(1)
	send(t, sb.URL, tracks(0, 4)...)
	send(t, sb.URL, tracks(0, 4)...)
	send(t, sb.URL, tracks(0, 1)...)

	counter := func(name string) string {
		return js[string](tb, fmt.Sprintf(`document.querySelector('[data-counter="%s"] b').innerText`, name))
	}
	tb.until(`document.querySelector('[data-counter="calls"] b').innerText === "5"`)
	assert.Equal(t, "3", counter("requests"))
	assert.Equal(t, "2", counter("2xx"))
	assert.Equal(t, "1", counter("5xx"))
	assert.Equal(t, "1", counter("duplicates"))
	tb.until(`document.querySelector("#stats .line").getAttribute("d").length > 100`)
	tb.until(`/at most [1-9]/.test(document.querySelector("#stats figure svg").ariaLabel)`)
}

func TestTheEmptyPageSaysHowToBegin(t *testing.T) {
	sb := newSandbox(t)
	tb := open(t, sb.URL)
	tb.shows("#empty pre", "curl -u my-key: "+sb.URL+"/v1/track")
	tb.shows("#empty pre", "endpoint: "+sb.URL)
	body := js[string](tb, `document.querySelector("#empty pre").innerText`)
	_, body, _ = strings.Cut(body, "-d '")
	require.True(t, json.Valid([]byte(strings.TrimSuffix(body, "'"))))

	send(t, sb.URL, track(1))
	tb.until(`document.querySelector("#empty").hidden`)
}
