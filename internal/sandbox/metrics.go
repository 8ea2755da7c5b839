package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// serveMetrics shows the counters in the text format of Prometheus.
func (s *Sandbox) serveMetrics(w http.ResponseWriter, _ *http.Request, _ *query) {
	sum := s.Summary()
	var out strings.Builder
	family := func(name, kind, help string) {
		fmt.Fprintf(&out, "# HELP sandbox_%[1]s %[3]s\n# TYPE sandbox_%[1]s %[2]s\n", name, kind, help)
	}
	labelled := func(name, label string, counts map[string]int) {
		for _, value := range slices.Sorted(maps.Keys(counts)) {
			fmt.Fprintf(&out, "sandbox_%s{%s=%q} %d\n", name, label, value, counts[value])
		}
	}
	single := func(name, kind, help string, n int64) {
		family(name, kind, help)
		fmt.Fprintf(&out, "sandbox_%s %d\n", name, n)
	}
	family("requests_total", "counter", "Requests by the status they were answered with.")
	labelled("requests_total", "status", sum.RequestsByStatus)
	family("calls_total", "counter", "Calls by type, of requests that were not refused.")
	labelled("calls_total", "type", sum.ByType)
	family("violations_total", "counter", "Rules of Segment that calls broke.")
	labelled("violations_total", "code", sum.Violations)
	family("warnings_total", "counter", "What calls had that Segment takes, but not as it was meant.")
	labelled("warnings_total", "code", sum.Warnings)
	single("calls_discarded_total", "counter", "Calls that Segment would have discarded.", int64(sum.Discarded))
	single("calls_duplicate_total", "counter", "Accepted calls whose message id was accepted before.", int64(sum.Duplicates))
	single("bytes_total", "counter", "Bytes of bodies after decompression.", sum.Bytes)
	single("wire_bytes_total", "counter", "Bytes of bodies before decompression.", sum.BytesOnWire)
	single("calls_held", "gauge", "Calls that are held.", int64(sum.CallsHeld))
	active := 0
	for _, fault := range s.Faults() {
		if fault.Remaining != 0 {
			active++
		}
	}
	single("faults_active", "gauge", "Faults that may still strike.", int64(active))
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write([]byte(out.String()))
}
