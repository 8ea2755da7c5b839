package controlapi

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"benthos-segment/internal/sandbox/answer"
	"benthos-segment/internal/sandbox/faults"
	"benthos-segment/internal/sandbox/inbox"
)

// metricsAPI shows the counters in the text format of Prometheus. The values of
// its labels are statuses, types and codes, which need no escaping; Prometheus'
// own encoder would add 2.7 MB to every test that has a sandbox.
type metricsAPI struct {
	inbox  *inbox.Inbox
	faults *faults.List
}

// family is one metric, with a value for each value of its label, or one value
// without a label.
type family struct {
	name, kind, help string
	label            string
	values           map[string]int64
}

func (f family) write(out *bytes.Buffer) {
	fmt.Fprintf(out, "# HELP sandbox_%[1]s %[3]s\n# TYPE sandbox_%[1]s %[2]s\n", f.name, f.kind, f.help)
	for _, value := range slices.Sorted(maps.Keys(f.values)) {
		label := ""
		if f.label != "" {
			label = fmt.Sprintf("{%s=%q}", f.label, value)
		}
		fmt.Fprintf(out, "sandbox_%s%s %d\n", f.name, label, f.values[value])
	}
}

func (api metricsAPI) families() []family {
	const counter, gauge = "counter", "gauge"
	sum := api.inbox.Summary()
	active := 0
	for _, fault := range api.faults.States() {
		if fault.IsActive() {
			active++
		}
	}
	return []family{
		{"requests_total", counter, "Requests by the status of their answer.", "status", wide(sum.RequestsByStatus)},
		{"calls_total", counter, "Calls by type, of requests that were not refused.", "type", wide(sum.ByType)},
		{"violations_total", counter, "Rules of Segment that calls broke.", "code", wide(sum.Violations)},
		{"warnings_total", counter, "Parts of calls that Segment accepts but does not use as they were meant.", "code", wide(sum.Warnings)},
		{"plan_findings_total", counter, "Places where calls do not keep to the tracking plan.", "kind", wide(sum.PlanFindings)},
		{"calls_discarded_total", counter, "Calls that Segment would have discarded.", "", single(int64(sum.Discarded))},
		{"calls_duplicate_total", counter, "Accepted calls whose message id was accepted before.", "", single(int64(sum.Duplicates))},
		{"bytes_total", counter, "Bytes of bodies after decompression.", "", single(sum.Bytes)},
		{"wire_bytes_total", counter, "Bytes of bodies before decompression.", "", single(sum.BytesOnWire)},
		{"calls_held", gauge, "Calls that are held.", "", single(int64(sum.CallsHeld))},
		{"faults_active", gauge, "Faults that may still strike.", "", single(int64(active))},
	}
}

func single(n int64) map[string]int64 { return map[string]int64{"": n} }

func wide(counts map[string]int) map[string]int64 {
	values := make(map[string]int64, len(counts))
	for value, n := range counts {
		values[value] = int64(n)
	}
	return values
}

func (api metricsAPI) serve(w http.ResponseWriter, _ *http.Request, _ *query) {
	var out bytes.Buffer
	for _, f := range api.families() {
		f.write(&out)
	}
	answer.Bytes(w, http.StatusOK, "text/plain; version=0.0.4; charset=utf-8", out.Bytes())
}
