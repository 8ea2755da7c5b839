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

// Value returns the place itself to the Numbers that it belongs to.
func (p *place) Value(key any) any {
	if key == p.of {
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
// say which, it may be any of them.
func (n *Numbers) Failed(err error) (failed func(i int) error) {
	if err == nil {
		return nil
	}
	var partly *service.BatchError
	if !errors.As(err, &partly) {
		return func(int) error { return err }
	}
	reasons := make([]error, len(n.places))
	isAny := false
	//lint:ignore SA1019 its indexes mean nothing, and are not used
	partly.WalkMessages(func(_ int, message *service.Message, err error) bool {
		if p, isOurs := message.Context().Value(n).(*place); isOurs && err != nil {
			reasons[p.number], isAny = err, true
		}
		return true
	})
	if !isAny {
		return func(int) error { return err }
	}
	return func(i int) error { return reasons[i] }
}
