package main

import (
	"context"
	"fmt"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

type action = chromedp.Action[chromedp.Void]

// scene is a view of the page, and how to come to it.
type scene struct {
	name, address string
	// isStruck shows it with a fault.
	isStruck bool
	steps    []action
}

// scenes are the views that people see.
var scenes = []scene{
	{"list", filled + "/", false, []action{visible(".row")}},
	{"detail", filled + "/", false, []action{visible(".row.bad"), click(".row.bad"), visible(".detail pre")}},
	{"requests", filled + "/?tab=requests", false, []action{visible("button.rq.bad"), click("button.rq.bad"), visible(".opened .facts")}},
	{"person", filled + "/?person=cus_7001", false, []action{visible("#person .timeline")}},
	{"faults", filled + "/", true, []action{visible("#fault"), click("#faults"), visible(`.presets [aria-pressed="true"]`)}},
	{"empty", empty + "/", false, []action{visible("#empty pre")}},
}

func visible(selector string) action { return chromedp.WaitVisible(chromedp.CSS(selector)) }

// click clicks by script: what is clicked may be moving still.
func click(selector string) action {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, runtime.Evaluate, runtime.EvaluateParams{
			Expression: fmt.Sprintf("document.querySelector(%q).click()", selector),
		})
		return err
	})
}

// shot is a scene on one screen.
type shot struct {
	scene
	width, height int64
	theme         string
}

func shots() (all []shot) {
	for _, s := range scenes {
		for _, theme := range []string{"light", "dark"} {
			all = append(all, shot{s, 1280, 800, theme}, shot{s, 360, 740, theme})
		}
	}
	return all
}

func (s shot) name() string { return fmt.Sprintf("%s-%d-%s.png", s.scene.name, s.width, s.theme) }

func (s shot) take(browser context.Context) ([]byte, error) {
	if s.isStruck {
		if err := call(browser, "PUT", "/api/v1/faults", `{"faults":[{"status":503,"probability":0.2,"seed":1}]}`); err != nil {
			return nil, err
		}
		defer func() { _ = call(browser, "DELETE", "/api/v1/faults", "") }()
	}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	defer cancel()
	theme := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: s.theme}},
		})
		return err
	})
	steps := append([]action{chromedp.EmulateViewport(s.width, s.height), theme, chromedp.Navigate("http://" + s.address)}, s.steps...)
	// The counters come within a second.
	steps = append(steps, chromedp.Sleep(1200*time.Millisecond))
	if err := chromedp.Do(ctx, steps...); err != nil {
		return nil, err
	}
	return chromedp.Run(ctx, chromedp.CaptureScreenshot())
}
