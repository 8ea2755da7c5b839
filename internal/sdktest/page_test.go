package sdktest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// page is an SDK in a browser of its own.
type page struct {
	t    *testing.T
	name string
	ctx  context.Context

	mu       sync.Mutex
	problems []string
}

// openPage opens the page of an SDK, which comes from another origin than where
// its calls go to.
func openPage(t *testing.T, s sdk, target string) *page {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir("web")))
	mux.Handle("/node_modules/", http.FileServer(http.Dir(s.language.folder)))
	files := httptest.NewServer(mux)
	t.Cleanup(files.Close)
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &page{t: t, name: s.name, ctx: ctx}
	require.NoError(t, chromedp.Listen(ctx, func(ev any) { p.watch(ev, files.URL, target) }))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)

	query := url.Values{"url": {target}, "key": {writeKey}, "person": {s.name}, "mode": {s.mode}}
	if s.isPatient {
		query.Set("patient", "true")
	}
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(files.URL+"/"+s.page+"?"+query.Encode())))
	return p
}

// watch notes what the page must not do: fail, and ask anybody else. Reported:
// Segment's SDK sends its metrics to Segment whatever it is set to, unless its
// settings say otherwise. https://github.com/segmentio/analytics-next/issues/984
func (p *page) watch(ev any, allowed ...string) {
	problem := ""
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		problem = fmt.Sprintf("an exception: %+v", ev.ExceptionDetails)
	case *network.EventRequestWillBeSent:
		if !isOneOf(ev.Request.URL, allowed) {
			problem = "a request to " + ev.Request.URL
		}
	}
	if problem != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.problems = append(p.problems, problem)
	}
}

func isOneOf(requested string, allowed []string) bool {
	asked, err := url.Parse(requested)
	if err != nil {
		return false
	}
	for _, one := range allowed {
		if known, err := url.Parse(one); err == nil && known.Host == asked.Host {
			return true
		}
	}
	return false
}

// round begins when the one before has ended, as far as the SDK says so.
func (p *page) round(n int) {
	step := fmt.Sprintf("window.before = (window.before ?? Promise.resolve()).then(() => round(%d)); true", n)
	_, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](step))
	require.NoError(p.t, err, p.name)
}

func (p *page) leave() { assert.Empty(p.t, p.trouble(), p.name) }

func (p *page) trouble() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.problems, "\n")
}
