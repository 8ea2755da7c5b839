package pagetest

import (
	"context"
	"os"
	"testing"

	cdproto "github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func shot(tb *tab, path string) {
	png, _ := chromedp.Run(tb.ctx, chromedp.CaptureScreenshot())
	_ = os.WriteFile(path, png, 0o644)
}

func TestLook(t *testing.T) {
	base := os.Getenv("LOOK")
	if base == "" {
		t.Skip()
	}
	for _, theme := range []string{"light", "dark"} {
		for _, w := range []int64{1280, 360} {
			size := chromedp.EmulateViewport(w, 800)
			th := chromedp.Func(func(ctx context.Context, tg *chromedp.Target) error {
				_, err := cdproto.Call(ctx, tg, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
				return err
			})
			name := os.Getenv("OUT") + "/" + theme + map[int64]string{1280: "-w", 360: "-n"}[w]
			tb := open(t, base, size, th)
			tb.until("document.querySelectorAll('.row').length>3")
			shot(tb, name+"-list.png")
			if theme == "dark" && w == 1280 || theme == "light" && w == 360 || os.Getenv("ALL") != "" {
				tb.press("j")
				tb.press("\r")
				tb.until("document.querySelector('.detail pre')")
				shot(tb, name+"-detail.png")
				tb.click("#faults")
				tb.until("document.querySelector('dialog[open] .presets')")
				shot(tb, name+"-faults.png")
			}
			if theme == "light" || os.Getenv("ALL") != "" {
				p := open(t, base+"/?person=cus_7001", size, th)
				p.until("document.querySelector('.timeline')")
				shot(p, name+"-person.png")
			}
		}
	}
}
