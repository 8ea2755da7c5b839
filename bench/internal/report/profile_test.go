package report

import (
	"testing"

	"github.com/google/pprof/profile"
)

// stack makes a sample of functions, the innermost first.
func stack(functions ...string) *profile.Sample {
	sample := &profile.Sample{Value: []int64{1}}
	for _, name := range functions {
		sample.Location = append(sample.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}})
	}
	return sample
}

func TestTheInnermostFunctionThatBelongsSomewhereDecides(t *testing.T) {
	for want, sample := range map[string]*profile.Sample{
		parts[0].name:   stack("runtime.memmove", "github.com/klauspost/compress/flate.(*Writer).Write", "benthos-segment/internal/tracking.(*bodyWriter).encode"),
		parts[1].name:   stack("benthos-segment/internal/segment.skipString", "benthos-segment/plugin.(*share).one"),
		parts[5].name:   stack("runtime.mallocgc", "github.com/redpanda-data/benthos/v4/internal/message.NewPart"),
		collecting.name: stack("runtime.scanobject", "runtime.gcAssistAlloc", "runtime.mallocgc", "benthos-segment/internal/segment.(*arena).take"),
		others.name:     stack("runtime.futex", "runtime.schedule"),
	} {
		if got := partOf(sample); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
