package plugin

import (
	"context"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/segment"
)

// Preview is what the output would make of a message.
type Preview struct {
	// Payload is the message after the mapping. It is nil where that deleted the
	// message, or has failed.
	Payload []byte
	Calls   []segment.Call
	Skips   segment.Skips
	Notes   []segment.Note
	// Findings are what breaks the tracking plan.
	Findings []segment.Finding
	// Violation says why no call is made, if so.
	Violation *segment.Violation
	// IsDeleted says that the mapping has deleted the message.
	IsDeleted bool
	// Failed is what a processor before the output has left on the message.
	Failed error
}

// Viewer is told what an output would do. It is called by one goroutine at a
// time, and keeps nothing of a preview.
type Viewer struct {
	// Begin is told how the output converts, before anything else.
	Begin func(segment.Config)
	// See is told of each message.
	See func(Preview)
}

// RegisterPreview registers an output segment in an environment, in place of the
// one there, that takes the same configuration and sends nothing.
func RegisterPreview(env *service.Environment, viewer Viewer) error {
	return env.RegisterBatchOutput("segment", outputSpec(), func(conf *service.ParsedConfig, _ *service.Resources) (
		out service.BatchOutput, policy service.BatchPolicy, maxInFlight int, err error,
	) {
		c, err := outputConfigFromParsed(conf)
		if err != nil {
			return nil, policy, 0, err
		}
		viewer.Begin(c.convert)
		return &preview{share: newShare(&output{conf: c}), see: viewer.See}, policy, 1, nil
	})
}

// preview is such an output.
type preview struct {
	share *share
	see   func(Preview)
}

var _ service.BatchOutput = (*preview)(nil)

// Connect does nothing: there is no server.
func (*preview) Connect(context.Context) error { return nil }

// Close does nothing either.
func (*preview) Close(context.Context) error { return nil }

// WriteBatch shows the messages one after the other. All of them count as
// delivered.
func (p *preview) WriteBatch(_ context.Context, batch service.MessageBatch) error {
	s := p.share
	s.begin(batch)
	for s.message = range batch {
		p.see(p.one(batch[s.message].GetError()))
		s.converter.Reset()
	}
	s.reset()
	return nil
}

// one shows the message at hand.
func (p *preview) one(failed error) Preview {
	s := p.share
	s.calls = s.calls[:0]
	m := s.one()
	seen := Preview{
		Payload: m.payload, Calls: s.calls, Skips: m.skipped, Violation: m.why,
		IsDeleted: m.isDeleted, Failed: failed,
	}
	if m.isConverted {
		seen.Notes, seen.Findings = s.converter.Notes(), s.converter.Findings()
	}
	return seen
}
