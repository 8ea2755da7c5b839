package pagetest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	cdproto "github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// patience is how long a test waits for something that should be there at once. It
// is long because machines that run tests are busy.
const patience = 30 * time.Second

var browser context.Context

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	path, err := FindChromium()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var stop context.CancelFunc
	browser, stop, err = StartChromium(context.Background(), path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer stop()
	return m.Run()
}

// tab is the page of one sandbox in a browser of its own, and what it did that our
// page must not do.
type tab struct {
	t   *testing.T
	ctx context.Context
	url string

	mu       sync.Mutex
	problems []string
}

// watchScript notes reports about the Content-Security-Policy.
const watchScript = `window.reports = [];
document.addEventListener("securitypolicyviolation", (e) => reports.push(e.violatedDirective + " " + e.blockedURI));`

// open opens the page at the address. It fails the test for every dialog,
// exception, policy report and request to anywhere else.
func open(t *testing.T, url string, actions ...chromedp.Action[chromedp.Void]) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	tb := &tab{t: t, ctx: ctx, url: url}
	require.NoError(t, chromedp.Listen(ctx, tb.watch))
	tell(tb, network.Enable, network.EnableParams{})
	tell(tb, cdp.AddScriptToEvaluateOnNewDocument, cdp.AddScriptToEvaluateOnNewDocumentParams{Source: watchScript})
	tb.do(actions...)
	tb.do(chromedp.Navigate(url))
	t.Cleanup(tb.check)
	return tb
}

// tell gives the browser a command.
func tell[P, R any](tb *tab, command cdproto.Command[P, R], params P) {
	tb.t.Helper()
	_, err := chromedp.Call(tb.ctx, command, params)
	require.NoError(tb.t, err)
}

func (tb *tab) watch(ev any) {
	problem := ""
	switch ev := ev.(type) {
	case *cdp.EventJavascriptDialogOpening:
		problem = "a dialog opened: " + ev.Message
	case *runtime.EventExceptionThrown:
		problem = "an exception: " + fmt.Sprintf("%+v", ev.ExceptionDetails)
	case *network.EventRequestWillBeSent:
		tb.mu.Lock()
		own := isOwn(ev.Request.URL, tb.url)
		tb.mu.Unlock()
		if !own {
			problem = "a request to " + ev.Request.URL
		}
	}
	if problem != "" {
		tb.mu.Lock()
		tb.problems = append(tb.problems, problem)
		tb.mu.Unlock()
	}
}

// leavesFor allows requests to the address that the next click leads to.
func (tb *tab) leavesFor(url string) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	tb.url = url
}

func isOwn(requested, page string) bool {
	a, errA := url.Parse(requested)
	b, errB := url.Parse(page)
	return errA == nil && errB == nil && (a.Host == b.Host || a.Scheme == "data" || a.Scheme == "blob")
}

func (tb *tab) check() {
	if tb.ctx.Err() == nil {
		reports, err := chromedp.Run(tb.ctx, chromedp.Evaluate[[]string]("window.reports ?? []"))
		if err == nil {
			tb.mu.Lock()
			tb.problems = append(tb.problems, reports...)
			tb.mu.Unlock()
		}
	}
	tb.mu.Lock()
	defer tb.mu.Unlock()
	if len(tb.problems) > 0 {
		tb.t.Errorf("the page did what it must not do:\n%s", strings.Join(tb.problems, "\n"))
	}
}

func (tb *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	tb.t.Helper()
	if err := chromedp.Do(tb.ctx, actions...); err != nil {
		tb.t.Fatalf("%v", err)
	}
}

// js returns what an expression is on the page.
func js[T any](tb *tab, expression string) T {
	tb.t.Helper()
	value, err := chromedp.Run(tb.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		tb.t.Fatalf("evaluating %s: %v", expression, err)
	}
	return value
}

// text returns the text of an element, "" if there is none.
func (tb *tab) text(selector string) string {
	tb.t.Helper()
	return js[string](tb, fmt.Sprintf("document.querySelector(%q)?.innerText ?? ''", selector))
}

// until waits until an expression is true.
func (tb *tab) until(expression string) {
	tb.t.Helper()
	deadline := time.Now().Add(patience)
	for !js[bool](tb, "!!("+expression+")") {
		if time.Now().After(deadline) {
			tb.t.Fatalf("this never became true: %s\nthe page reads:\n%s", expression, js[string](tb, "document.body.innerText"))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// shows waits until an element's text contains this.
func (tb *tab) shows(selector, text string) {
	tb.t.Helper()
	tb.until(fmt.Sprintf("[...document.querySelectorAll(%q)].some(e => e.innerText.includes(%q))", selector, text))
}

func (tb *tab) click(selector string) {
	tb.t.Helper()
	for {
		tb.until(fmt.Sprintf("document.querySelector(%q)", selector))
		err := chromedp.Do(tb.ctx, chromedp.Click(chromedp.CSS(selector)))
		if err == nil {
			return
		}
		// A list that was drawn again has another element in its place.
		if !strings.Contains(err.Error(), "Could not find node") {
			tb.t.Fatalf("clicking %s: %v", selector, err)
		}
	}
}

// choose clicks the button within an element that has exactly this text.
func (tb *tab) choose(within, label string) {
	tb.t.Helper()
	button := fmt.Sprintf("[...document.querySelectorAll(%q)].find(b => b.innerText === %q)", within+" button", label)
	tb.until(button)
	js[bool](tb, button+".click(), true")
}

// press types keys into the focused element.
func (tb *tab) press(keys string) {
	tb.t.Helper()
	if keys == "/" {
		// Typed as one event, so that who prevents the key prevents its text.
		down := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: keys, Code: "Slash", Text: keys}
		tb.do(command(input.DispatchKeyEvent, down))
		down.Type, down.Text = input.DispatchKeyEventTypeKeyUp, ""
		tb.do(command(input.DispatchKeyEvent, down))
		return
	}
	tb.do(chromedp.KeyEvent(keys))
}

// seqs returns the numbers of the rows in the document in the order in which
// they are seen.
func (tb *tab) seqs() []int {
	tb.t.Helper()
	return js[[]int](tb, `[...document.querySelectorAll("#spacer .row")]
		.sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).map(r => +r.dataset.seq)`)
}

// send posts calls as one batch.
func send(t *testing.T, url string, calls ...string) {
	t.Helper()
	body := `{"batch":[` + strings.Join(calls, ",") + `],"sentAt":"2026-01-02T03:04:05Z"}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/batch", strings.NewReader(body))
	require.NoError(t, err)
	r.SetBasicAuth("write-key-0123456789", "")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
}

func track(n int) string {
	return fmt.Sprintf(`{"type":"track","event":"Order Completed","userId":"u%d","messageId":"m%d","properties":{"n":%d}}`, n%50, n, n)
}

func tracks(from, to int) []string {
	var calls []string
	for n := from; n < to; n++ {
		calls = append(calls, track(n))
	}
	return calls
}

// mixed are six calls: a visitor who becomes a customer, and one call that
// Segment would discard.
func mixed() []string {
	return []string{
		`{"type":"page","name":"Home","anonymousId":"ann","messageId":"1"}`,
		`{"type":"identify","userId":"u1","anonymousId":"ann","messageId":"2","traits":{"plan":"free","big":9007199254740993}}`,
		`{"type":"track","event":"Order Completed","userId":"u1","messageId":"3","properties":{"id":9007199254740993,"price":0.10,"odd":1e400}}`,
		`{"type":"track","userId":"u1","messageId":"4"}`,
		`{"type":"identify","userId":"u1","messageId":"5","traits":{"plan":"gold"}}`,
		`{"type":"group","userId":"u1","groupId":"tea club","messageId":"6"}`,
	}
}

func newSandbox(t *testing.T, cfg ...segmenttest.Config) *segmenttest.Server {
	t.Helper()
	return segmenttest.New(t, cfg...)
}

// command makes an action of a command to the browser.
func command[P, R any](c cdproto.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdproto.Call(ctx, target, c, params)
		return err
	})
}

func urlQuote(text string) string { return url.QueryEscape(text) }
