// Package nack reads the error that the engine hands to an acknowledgement.
package nack

import (
	"context"
	"errors"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// Numbers know the messages of a batch again, whatever the pipeline made of the
// batch. service.Indexer does that, too, and copies every message for it.
type Numbers struct{ places []place }

// place is the context of a message, and so goes wherever the message goes.
type place struct {
	context.Context
	of     *Numbers
	number int
}

// anyPlace asks a message for its place, whichever Numbers that belongs to.
type anyPlace struct{}

// Value returns the place itself to the Numbers that it belongs to.
func (p *place) Value(key any) any {
	if key == p.of || key == (anyPlace{}) {
		return p
	}
	return p.Context.Value(key)
}

// Number numbers the messages of a batch, which it replaces.
func Number(batch service.MessageBatch) *Numbers {
	n := &Numbers{places: make([]place, len(batch))}
	for i, message := range batch {
		n.places[i] = place{message.Context(), n, i}
		batch[i] = message.WithContext(&n.places[i])
	}
	return n
}

// Failed tells from the answer of the pipeline which messages of the batch it
// rejected, and why. It returns nil if it accepted all. Where the answer does not
// say which, it may be any of them. A message that the answer does not mention
// may be a part of one that was rejected, such as a list of the whole batch: it
// counts as rejected, and if a processor left it out, it is left out again.
func (n *Numbers) Failed(err error) (failed func(i int) error) {
	if err == nil {
		return nil
	}
	var partly *service.BatchError
	if !errors.As(err, &partly) {
		return func(int) error { return err }
	}
	reasons := make([]error, len(n.places))
	accepted := make([]bool, len(n.places))
	isKnown := true
	//lint:ignore SA1019 its indexes mean nothing, and are not used
	partly.WalkMessages(func(_ int, message *service.Message, err error) bool {
		ctx := message.Context()
		switch p, isOurs := ctx.Value(n).(*place); {
		case isOurs && err != nil:
			reasons[p.number] = err
		case isOurs:
			accepted[p.number] = true
		case err != nil && ctx.Value(anyPlace{}) == nil:
			// A processor made it, of any of them.
			isKnown = false
		}
		return true
	})
	return func(i int) error {
		switch {
		case reasons[i] != nil:
			return reasons[i]
		case accepted[i] && isKnown:
			return nil
		}
		return err
	}
}
