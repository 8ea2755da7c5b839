package contender

import "benthos-segment/bench/internal/corpus"

// sdks are the libraries of Segment and RudderStack, inside the smallest
// program that reads events and hands them over. Their best settings are those
// that cost the least processor time of those tried.
func sdks(tools Tools) []Contender {
	all := []Contender{
		{ID: "segment_go", Name: "segmentio/analytics-go v3.3.0, defaults", Share: 0.25, command: own("segment")},
		{ID: "segment_go_best", Name: "segmentio/analytics-go v3.3.0, best (batch 300, 64 idle connections)", Share: 0.25, command: own("segment", "-batch", "300", "-idle", "64")},
		{ID: "rudder_go", Name: "rudderlabs/analytics-go v4.2.1, defaults", Share: 0.2, command: own("rudder")},
		{ID: "rudder_go_best", Name: "rudderlabs/analytics-go v4.2.1, best (batch 300, 64 idle connections, no gzip)", Share: 0.2, command: own("rudder", "-batch", "300", "-idle", "64", "-no-gzip")},
	}
	ofNode := []Contender{
		{ID: "segment_node", Name: "@segment/analytics-node 3.1.0, defaults", Share: 0.2, command: node("segment.js")},
		{ID: "segment_node_best", Name: "@segment/analytics-node 3.1.0, best (flushAt 300)", Share: 0.2, command: node("segment.js", "300")},
		{ID: "rudder_node", Name: "@rudderstack/rudder-sdk-node 3.0.13, defaults", Share: 0.1, command: node("rudder.js")},
		{ID: "rudder_node_best", Name: "@rudderstack/rudder-sdk-node 3.0.13, best (no gzip)", Share: 0.1, command: node("rudder.js", "20", "no-gzip")},
	}
	for _, contender := range ofNode {
		contender.Missing = missing(tools)
		all = append(all, contender)
	}
	for i := range all {
		all[i].Group, all[i].Against, all[i].Form = SDK, "batched", corpus.Lines
		all[i].IsFull = i%2 == 0
	}
	return all
}
