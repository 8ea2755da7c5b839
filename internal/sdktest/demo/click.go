package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"benthos-segment/internal/sandbox/pagetest"
)

// openPage opens the page in a headless browser. SDKs send after a call has
// returned, so that the page has to stay open until the calls have arrived.
func openPage(ctx context.Context, page string) (browser context.Context, stop context.CancelFunc, err error) {
	path, err := pagetest.FindChromium()
	if err != nil {
		return nil, nil, err
	}
	browser, stop, err = pagetest.StartChromium(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	if err := chromedp.Do(browser, chromedp.Navigate(page)); err != nil {
		stop()
		return nil, nil, fmt.Errorf("opening the page: %w", err)
	}
	return browser, stop, nil
}

// clickAll clicks every button of the page, one after the other, and returns the
// calls that it made so.
func clickAll(browser context.Context) (clicked []call, err error) {
	for _, p := range people {
		kinds, err := chromedp.Run(browser, chromedp.Evaluate[[]string](
			fmt.Sprintf(`[...document.querySelectorAll("#%s button")].map(b => b.textContent)`, p.id),
		))
		if err != nil {
			return nil, err
		}
		if len(kinds) == 0 {
			return nil, errors.New("the page has no buttons, because its SDKs are missing: npm ci --ignore-scripts --prefix examples/gateway installs them")
		}
		for i, kind := range kinds {
			clicked = append(clicked, call{p.person, kind})
			if err := click(browser, fmt.Sprintf("#%s button:nth-of-type(%d)", p.id, i+1), len(clicked)); err != nil {
				return nil, fmt.Errorf("clicking %s of %s: %w", kind, p.sdk, err)
			}
		}
	}
	return clicked, nil
}

// click clicks, and waits until the page says that the nth call was made.
func click(browser context.Context, selector string, nth int) error {
	if err := chromedp.Do(browser, chromedp.Click(chromedp.CSS(selector))); err != nil {
		return err
	}
	for {
		text, err := chromedp.Run(browser, chromedp.Evaluate[string](`document.querySelector("#called").textContent`))
		if err != nil {
			return err
		}
		if strings.Count(text, ",")+1 == nth && text != "nothing yet" {
			return nil
		}
		select {
		case <-browser.Done():
			return browser.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
