package streamtest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// Letter is a message that a fallback has passed on.
type Letter struct {
	Payload, Reason string
	Message         *service.Message
}

// DeadLetters is an output that keeps what it is sent. The zero value is ready
// to use.
type DeadLetters struct {
	// Failures is how often it fails before it takes anything.
	Failures int

	mu   sync.Mutex
	held []Letter
}

var _ service.BatchOutput = (*DeadLetters)(nil)

// Connect does nothing.
func (*DeadLetters) Connect(context.Context) error { return nil }

// Close does nothing.
func (*DeadLetters) Close(context.Context) error { return nil }

// WriteBatch keeps a batch, or fails.
func (d *DeadLetters) WriteBatch(_ context.Context, batch service.MessageBatch) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.Failures > 0 {
		d.Failures--
		return errors.New("no space left on device")
	}
	for _, msg := range batch {
		payload, err := msg.AsBytes()
		if err != nil {
			return err
		}
		reason, _ := msg.MetaGet("fallback_error")
		d.held = append(d.held, Letter{string(payload), reason, msg})
	}
	return nil
}

// Register makes it the output dead_letter.
func (d *DeadLetters) Register(env *service.Environment) error {
	return env.RegisterBatchOutput("dead_letter", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Resources) (service.BatchOutput, service.BatchPolicy, int, error) {
			return d, service.BatchPolicy{}, 1, nil
		})
}

// Forget forgets what it has.
func (d *DeadLetters) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = nil
}

// Letters returns what it has, in the order of arrival.
func (d *DeadLetters) Letters() []Letter {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.held)
}

// Reasons returns the errors of what it has.
func (d *DeadLetters) Reasons() (reasons []string) {
	for _, l := range d.Letters() {
		reasons = append(reasons, l.Reason)
	}
	return reasons
}

// ReasonsByID returns the errors of what it has, by message ids.
func (d *DeadLetters) ReasonsByID() map[string]string {
	reasons := make(map[string]string)
	for _, l := range d.Letters() {
		var call struct {
			MessageID string `json:"messageId"`
		}
		_ = json.Unmarshal([]byte(l.Payload), &call) // or it has no id
		reasons[call.MessageID] = l.Reason
	}
	return reasons
}
