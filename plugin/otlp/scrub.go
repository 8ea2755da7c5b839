package otlp

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// harmless are the attributes that are sent. Others may hold anything: the engine
// writes the texts of errors, values of events and URLs with tokens into spans.
var harmless = map[attribute.Key]bool{
	"error.type":                true,
	"http.request.body.size":    true,
	"http.request.method":       true,
	"http.request.resend_count": true,
	"http.response.status_code": true,
	"network.protocol.version":  true,
	"segment.calls":             true,
	"server.address":            true,
	"server.port":               true,
	"url.scheme":                true,
}

// ours is the name under which the output segment makes spans. What their status
// says is fixed.
const ours = "benthos-segment"

// scrubbed is a span without what may be of an event or a secret.
type scrubbed struct{ sdk.ReadOnlySpan }

func scrub(spans []sdk.ReadOnlySpan) []sdk.ReadOnlySpan {
	clean := make([]sdk.ReadOnlySpan, len(spans))
	for i, span := range spans {
		clean[i] = scrubbed{span}
	}
	return clean
}

// Attributes are the harmless ones.
func (s scrubbed) Attributes() []attribute.KeyValue { return kept(s.ReadOnlySpan.Attributes()) }

// Events keep their names and what is harmless of the rest.
func (s scrubbed) Events() []sdk.Event {
	events := slices.Clone(s.ReadOnlySpan.Events())
	for i := range events {
		events[i].Attributes = kept(events[i].Attributes)
	}
	return events
}

// Links lead to spans, and say nothing besides.
func (s scrubbed) Links() []sdk.Link {
	links := slices.Clone(s.ReadOnlySpan.Links())
	for i := range links {
		links[i].Attributes = nil
	}
	return links
}

// Status says whether a span has failed. Why is for the log.
func (s scrubbed) Status() sdk.Status {
	status := s.ReadOnlySpan.Status()
	if status.Code == codes.Error && s.InstrumentationScope().Name != ours {
		status.Description = ""
	}
	return status
}

// kept are those attributes that are harmless.
func kept(all []attribute.KeyValue) []attribute.KeyValue {
	var some []attribute.KeyValue
	for _, each := range all {
		if harmless[each.Key] || isFlag(each) {
			some = append(some, each)
		}
	}
	return some
}

// isFlag says whether an attribute is a truth value, which the engine writes as
// text.
func isFlag(a attribute.KeyValue) bool {
	text := a.Value.AsString()
	return a.Value.Type() == attribute.BOOL || text == "true" || text == "false"
}
