package pagetest

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var oneType = regexp.MustCompile(`(^|\s)type:\w+`)

// ofTheList are the steps that the view of a person has no place for.
var ofTheList = []string{"chip", "open"}

// steps are what readers do, and what the world does meanwhile.
var steps = map[string]func(r *reader){
	"send": func(r *reader) {
		for range 1 + r.random.IntN(40) {
			r.sent++
			kind := strings.Fields("identify track page screen group alias nonsense")[r.random.IntN(7)]
			event := fmt.Sprintf(`"event":"Order %d",`, r.sent%3)
			if r.random.IntN(5) == 0 {
				event = ""
			}
			send(r.t, r.server.URL, fmt.Sprintf(`{"type":%q,%s"userId":"u%d","messageId":"m%d"}`, kind, event, r.sent%4, r.random.IntN(r.sent)))
		}
	},
	"pause": func(r *reader) {
		r.tb.click("#pause")
		r.paused, r.limit = !r.paused, r.summary().Last
	},
	"filter": func(r *reader) {
		q := []string{"", "user:u1", "type:track user:u2", "status:discarded", "-type:page", `event:"Order*"`, "user:nobody", "duplicate:true"}[r.random.IntN(8)]
		js[bool](r.tb, fmt.Sprintf(`(q => { q.value = %q; q.dispatchEvent(new Event("input")); return true; })(document.querySelector("#q"))`, q))
		r.tb.until(fmt.Sprintf(`(new URLSearchParams(location.search).get("q") ?? "") === %q`, q))
		js[bool](r.tb, `document.querySelector("#q").dispatchEvent(new Event("blur"))`)
		if q != r.view().q {
			r.visit(address{q: q, since: r.view().since})
		}
	},
	"chip": func(r *reader) {
		kind := strings.Fields("identify track page screen group alias")[r.random.IntN(6)]
		r.tb.click(fmt.Sprintf(`#types [data-type=%q]`, kind))
		others := strings.TrimSpace(oneType.ReplaceAllString(r.view().q, ""))
		if slices.Contains(strings.Fields(r.view().q), "type:"+kind) {
			r.visit(address{q: others, since: r.view().since})
			return
		}
		r.visit(address{q: strings.TrimSpace("type:" + kind + " " + others), since: r.view().since})
	},
	"clear": func(r *reader) {
		_, seqs := r.truth()
		r.tb.click("#clear")
		since := r.summary().Last
		if r.paused {
			since = r.limit
		}
		if len(seqs) == 0 && r.view().since > 0 {
			since = 0
		}
		r.visit(address{q: r.view().q, since: since})
	},
	"fault": func(r *reader) {
		r.api("POST", "faults", `{"status":503}`, nil)
		send(r.t, r.server.URL, track(r.random.IntN(1000)))
		r.tb.until(`!document.querySelector("#fault").hidden`)
		r.compare("a fault")
		r.tb.click("#end-faults")
	},
	"fault of others": func(r *reader) {
		r.api("POST", "faults", `{"status":503,"times":1}`, nil)
		r.compare("a fault of others")
		r.api("DELETE", "faults", "", nil)
	},
	"reconnect": func(r *reader) {
		r.server.CloseClientConnections()
		send(r.t, r.server.URL, track(r.random.IntN(1000)))
	},
	"discarded": func(r *reader) {
		r.tb.click(`[data-counter="discarded"]`)
		r.visit(address{q: "status:discarded"})
	},
	"open": func(r *reader) {
		_, seqs := r.truth()
		if len(seqs) == 0 {
			return
		}
		// The row is clicked wherever it is, as a reader would who scrolls to it.
		js[bool](r.tb, `document.querySelector("#spacer .row").id !== "" && (window.clicked = document.querySelector("#spacer .row"), clicked.click(), true)`)
		seq := js[int](r.tb, `+clicked.dataset.seq`)
		v := r.view()
		before := v.call
		v.call = seq
		if before == seq {
			v.call = 0
		}
		if before == 0 {
			r.visit(v)
			return
		}
		r.history[r.at] = v
	},
	"person": func(r *reader) {
		// As a link to the person goes.
		v := r.view()
		v.person = fmt.Sprintf("u%d", r.random.IntN(4))
		js[bool](r.tb, fmt.Sprintf(`(import("/page/actions.js").then(actions => actions.visitPerson(%q)), true)`, v.person))
		r.tb.until(fmt.Sprintf(`new URLSearchParams(location.search).get("person") === %q`, v.person))
		r.visit(v)
	},
	"delete": func(r *reader) { r.api("DELETE", "calls?q="+url.QueryEscape("user:u3"), "", nil) },
	"reset":  func(r *reader) { r.api("POST", "reset", "", nil) },
	"back": func(r *reader) {
		if r.at > 0 {
			r.at--
			js[bool](r.tb, `(history.back(), true)`)
		}
	},
	"forward": func(r *reader) {
		if r.at < len(r.history)-1 {
			r.at++
			js[bool](r.tb, `(history.forward(), true)`)
		}
	},
}
