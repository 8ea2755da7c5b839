package create

import (
	"fmt"
	"strings"
)

// yaml writes the pipeline.
func (p *plan) yaml() string {
	var w writer
	p.header(&w)
	w.text(`
http:
  address: "${METRICS_ADDRESS:127.0.0.1:4195}"
`)
	p.input(&w)
	w.text(`
buffer:
  journal:
    path: "${QUEUE_PATH:./queue}"
    max_bytes: 10000000000
    full_timeout: 2s # below the timeout of the input
    at_end: keep # the rest is sent after the restart

output:
`)
	p.output(&w)
	w.text(`
# Nothing is taken while the process stops, and while Segment is unavailable that is
# three quarters of this. What is not delivered by then stays in the queue.
shutdown_timeout: 8s
`)
	return w.String()
}

// writer writes lines.
type writer struct{ strings.Builder }

func (w *writer) text(text string) { w.WriteString(strings.TrimPrefix(text, "\n\n")) }

// line writes a line below so many levels.
func (w *writer) line(level int, text string, args ...any) {
	fmt.Fprintf(w, "%s%s\n", strings.Repeat("  ", level), fmt.Sprintf(text, args...))
}

func (p *plan) header(w *writer) {
	w.line(0, "# Takes what the SDKs of RudderStack send and hands it to Segment, as RudderStack's")
	w.line(0, "# destination Segment did. Point the SDKs here: docs/gateway.md. Other ways in, such")
	w.line(0, "# as RudderStack's topic in Kafka, are in docs/migrating-from-rudderstack.md.")
	w.line(0, "#")
	w.line(0, "# No key is in here. Set these variables, from RudderStack's and from Segment's pages:")
	w.line(0, "#")
	told := map[string]bool{}
	tell := func(variable, what string) {
		if !told[variable] {
			w.line(0, "#   %-28s %s", variable, what)
			told[variable] = true
		}
	}
	for _, r := range p.routes {
		tell(r.variable, "what the apps send as write key; the source "+printable(r.name)+" of RudderStack")
	}
	for _, r := range p.routes {
		for _, t := range r.targets {
			tell(t.variable, "the write key at Segment; the destination "+printable(t.name))
		}
	}
	w.line(0, "#   %-28s %s", "SEGMENT_REGION", "us or eu (default us); RudderStack knew us alone")
	w.line(0, "#   %-28s %s", "GATEWAY_ADDRESS", "where to listen (default 127.0.0.1:8080)")
	w.line(0, "#   %-28s %s", "QUEUE_PATH", "the directory of the queue (default ./queue)")
	if len(p.notes) == 0 {
		return
	}
	w.line(0, "#")
	w.line(0, "# Not carried over:")
	for _, note := range p.notes {
		w.line(0, "#   - %s", note)
	}
}

func (p *plan) input(w *writer) {
	w.line(0, "")
	w.line(0, "input:")
	w.line(1, "segment:")
	w.line(2, `address: "${GATEWAY_ADDRESS:127.0.0.1:8080}"`)
	w.line(2, "write_keys:")
	for _, r := range p.routes {
		w.line(3, `- "${%s}"`, r.variable)
	}
	w.line(2, "timeout: 4s")
	w.line(1, "# The queue and the dead letters need no keys, only whose events these are.")
	w.line(1, "processors:")
	w.line(2, "- mapping: |")
	w.line(4, "meta source = match @segment_write_key {")
	for _, r := range p.routes {
		w.line(5, `this == env("%s") => "%s"`, r.variable, r.label)
	}
	w.line(4, "}")
	w.line(4, "meta segment_write_key = deleted()")
}

func (p *plan) output(w *writer) {
	if p.isSingle() {
		p.route(w, 1, p.routes[0], "")
		return
	}
	w.line(1, "switch:")
	w.line(2, "strict_mode: true")
	w.line(2, "cases:")
	for i, r := range p.routes {
		w.line(3, `- check: '@source == "%s"'`, r.label)
		w.line(4, "output:")
		suffix := ""
		if i > 0 {
			suffix = r.label + "_"
		}
		p.route(w, 5, r, suffix)
	}
}

// route writes the outputs of a route. Labels are unique in a pipeline, so that
// those of another route begin with its name.
func (p *plan) route(w *writer, level int, r route, prefix string) {
	if len(r.targets) == 1 {
		p.target(w, level, r.targets[0], prefix, false)
		return
	}
	w.line(level, "broker:")
	w.line(level+1, "pattern: fan_out")
	w.line(level+1, "outputs:")
	for i, t := range r.targets {
		w.line(level+2, "-")
		p.target(w, level+3, t, prefix, i > 0)
	}
}

// target writes an output. Segment removes duplicates across all sources: of an
// event that goes to several, the ids have to differ.
func (p *plan) target(w *writer, level int, t target, prefix string, isFurther bool) {
	w.line(level, "fallback:")
	w.line(level+1, "- label: %s%s", prefix, t.label)
	w.line(level+2, "segment:")
	w.line(level+3, `write_key: "${%s}"`, t.variable)
	w.line(level+3, `region: "${SEGMENT_REGION:us}"`)
	w.line(level+3, `endpoint: "${SEGMENT_ENDPOINT:}"`)
	w.line(level+3, "on_setup_error: reject")
	if isFurther {
		w.line(level+3, "# Segment keeps one call of an id, whichever of its sources it is for.")
		w.line(level+3, `message_id: '${! json("messageId").or("").string().re_replace("(?s)^(.+)$", "$1:%s") }'`, t.label)
	}
	t.consent.write(w, level+3)
	w.line(level+1, "- switch:")
	w.line(level+3, "cases:")
	w.line(level+4, "# Nothing is wrong with these: their source refuses everything, or the")
	w.line(level+4, "# process is being stopped. Rejected here, they stay in the queue.")
	w.line(level+4, `- check: '@fallback_error.segment_error().reason == "undelivered"'`)
	w.line(level+5, "output:")
	w.line(level+6, `reject: "${! @fallback_error }"`)
	w.line(level+4, "# Dead letters are customers' data: start the process with umask 077.")
	w.line(level+4, "- output:")
	w.line(level+6, "file:")
	w.line(level+7, `path: "${DEAD_LETTERS:dead_letters.ndjson}"`)
	w.line(level+7, "codec: lines")
	w.line(level+6, "processors:")
	w.line(level+7, "- mapping: |")
	w.line(level+9, "root = @fallback_error.segment_dead_letter(content())")
	w.line(level+9, "root.source = @source")
	w.line(level+9, `root.destination = "%s"`, t.label)
}

func (c consent) write(w *writer, level int) {
	if c.isEmpty() {
		return
	}
	w.line(level, "consent:")
	if len(c.providers) > 0 {
		w.line(level+1, "providers:")
	}
	for _, one := range c.providers {
		w.line(level+2, "- provider: %s", one.name)
		w.line(level+3, "ids: %s", list(one.ids))
		if one.strategy != "" {
			w.line(level+3, "resolution_strategy: %s", one.strategy)
		}
	}
	if len(c.categories) > 0 {
		w.line(level+1, "one_trust_cookie_categories: %s", list(c.categories))
	}
	if len(c.purposes) > 0 {
		w.line(level+1, "ketch_consent_purposes: %s", list(c.purposes))
	}
}
