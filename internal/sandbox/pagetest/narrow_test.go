package pagetest

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const phoneWidth, phoneHeight = 360, 740

func onPhone() chromedp.Action[chromedp.Void] {
	return chromedp.EmulateViewport(phoneWidth, phoneHeight)
}

// tooSmall lists what can be touched, is seen, and is less than 40 pixels high or
// wide.
const tooSmall = `[...document.querySelectorAll("button, a, input, summary")].filter(e => {
	const r = e.getBoundingClientRect();
	return e.checkVisibility() && r.width > 0 && (r.height < 40 || r.width < 40);
}).map(e => e.outerHTML.slice(0, 80) + " " + e.getBoundingClientRect().width + "x" + e.getBoundingClientRect().height)`

// squeezed lists texts with a few characters a line.
const squeezed = `[...document.querySelectorAll("main *, dialog *")].filter(e => {
	const text = [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join("");
	const r = e.getBoundingClientRect();
	return e.checkVisibility() && !(e instanceof SVGElement) && text.length > 5 && r.width > 0 && r.width < 40 && r.height > 50;
}).map(e => e.outerHTML.slice(0, 120))`

func (tb *tab) fitsThePhone(where string) {
	tb.t.Helper()
	assert.Empty(tb.t, js[[]string](tb, tooSmall), "%s: these are hard to touch", where)
	assert.Empty(tb.t, js[[]string](tb, squeezed), "%s: these are squeezed", where)
	assert.LessOrEqual(tb.t, js[int](tb, "document.documentElement.scrollWidth"), phoneWidth, where)
}

func TestTheFirstRowIsInTheUpperThirdOfAPhone(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, mixed()...)
	tb := open(t, sb.URL, onPhone())
	for _, tab := range []struct{ name, row string }{{"Calls", "#spacer .row[aria-rowindex='1']"}, {"Requests", "button.rq"}} {
		tb.choose("#tabs", tab.name)
		tb.until(fmt.Sprintf("document.querySelector(%q)", tab.row))
		assert.Less(t, js[float64](tb, fmt.Sprintf("document.querySelector(%q).getBoundingClientRect().top", tab.row)), phoneHeight/3.0, tab.name)
	}
}

func TestEverythingOnAPhoneCanBeTouchedAndRead(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, append(mixed(), `{"type":"identify","userId":"a-rather-long-id-of-somebody@example.com","anonymousId":"ann","messageId":"9",
		"traits":{"description":"a long text that needs several lines on a narrow screen"},"timestamp":"yesterday"}`)...)
	tb := open(t, sb.URL, onPhone())
	tb.until(`document.querySelectorAll("#spacer .row").length === 7`)
	tb.fitsThePhone("the list")
	for _, seq := range []string{"4", "7"} {
		js[bool](tb, `document.querySelector("#spacer .row[data-seq='`+seq+`']").click(), true`)
		tb.until(`document.querySelector(".detail article")?.ariaLabel === "Call ` + seq + `"`)
		js[bool](tb, `document.querySelector(".detail details").open = true`)
		tb.shows(".detail table", "Basic …")
		tb.fitsThePhone("call " + seq)
	}
	tb.choose(".detail .bar", "Person")
	tb.until(`document.querySelector("#person .timeline")`)
	tb.fitsThePhone("the person")
	tb.choose("#person", "← All calls")
	tb.choose("#tabs", "Requests")
	tb.click("button.rq")
	tb.shows("#requests .opened", "Sent to")
	tb.fitsThePhone("the requests")
	for _, name := range []string{"faults", "export", "help"} {
		tb.click("#" + name)
		tb.until(`document.querySelector("dialog[open]")`)
		js[bool](tb, `document.querySelectorAll("dialog details").forEach(d => { d.open = true; }), true`)
		tb.fitsThePhone(name)
		tb.press(kb.Escape)
	}
	sb.Fail(503)
	tb.until(`!document.querySelector("#fault").hidden`)
	tb.fitsThePhone("a fault")
	empty := open(t, newSandbox(t).URL, onPhone())
	empty.shows("#empty", "Waiting for the first call")
	empty.fitsThePhone("the empty list")
}

// What the form of faults says is seen, wherever the reader is in it.
func TestTheMessageOfTheFaultsIsInSight(t *testing.T) {
	sb := newSandbox(t)
	tb := open(t, sb.URL, onPhone())
	inSight := `(r => r.height > 0 && r.top >= 0 && r.bottom <= innerHeight)(document.querySelector(".said").getBoundingClientRect())`
	tb.click("#faults")
	tb.click(`[data-preset="guilty"]`)
	tb.shows(".said", "First choose the calls")
	assert.True(t, js[bool](tb, inSight))
	js[bool](tb, `document.querySelector("dialog").scrollTop = 0, document.querySelector("dialog details").open = true`)
	assert.True(t, js[bool](tb, inSight))
	js[bool](tb, `document.querySelector("#fault-status").value = "7", document.querySelector("dialog").scrollTop = 1e9, true`)
	tb.choose("dialog", "Inject")
	tb.shows(".said", "status")
	assert.True(t, js[bool](tb, inSight))
}

// The ring is as wide on each side as on the others: nothing covers it and nothing
// cuts it off.
func TestTheFocusRingIsWhole(t *testing.T) {
	sb := newSandbox(t)
	send(t, sb.URL, mixed()...)
	tb := open(t, sb.URL)
	tb.until(`document.querySelectorAll("#spacer .row").length === 6`)
	accent := js[string](tb, `(e => { e.style.color = "var(--accent)"; document.body.append(e); const c = getComputedStyle(e).color; e.remove(); return c; })(document.createElement("i"))`)
	var r, g, b uint32
	_, err := fmt.Sscanf(accent, "rgb(%d, %d, %d)", &r, &g, &b)
	require.NoError(t, err, accent)
	for range 40 {
		tb.press(kb.Tab)
		id := js[string](tb, `document.activeElement.id || document.activeElement.dataset.type || document.activeElement.dataset.counter || document.activeElement.dataset.tab || document.activeElement.tagName`)
		if id == "BODY" {
			break
		}
		box := js[[]float64](tb, `(r => [r.left, r.top, r.right, r.bottom])(document.activeElement.getBoundingClientRect())`)
		picture, err := chromedp.Run(tb.ctx, chromedp.CaptureScreenshot())
		require.NoError(t, err)
		shot, err := png.Decode(bytes.NewReader(picture))
		require.NoError(t, err)
		isRing := func(x, y float64) bool {
			pr, pg, pb, _ := shot.At(int(x), int(y)).RGBA()
			return pr>>8 == r && pg>>8 == g && pb>>8 == b
		}
		middleX, middleY := (box[0]+box[2])/2, (box[1]+box[3])/2
		require.True(t, image.Pt(int(middleX), int(middleY)).In(shot.Bounds()), id)
		assert.True(t, isRing(middleX, box[1]+1), "%s: above", id)
		assert.True(t, isRing(middleX, box[3]-1.5), "%s: below", id)
		assert.True(t, isRing(box[0]+1, middleY), "%s: left", id)
		assert.True(t, isRing(box[2]-1.5, middleY), "%s: right", id)
	}
}
