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

// placeKey asks a message for its place.
type placeKey struct{}

// Value returns the place itself.
func (p *place) Value(key any) any {
	if key == (placeKey{}) {
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
// say which, it may be any of them, and all count as rejected. That is so as well
// where it does not mention each message once: a processor may have made one of
// many, and where it has left one out, the engine gives the next ones the contexts
// of those before them.
func (n *Numbers) Failed(err error) (failed func(i int) error) {
	if err == nil {
		return nil
	}
	var partly *service.BatchError
	if !errors.As(err, &partly) {
		return func(int) error { return err }
	}
	reasons, isKnown := n.reasons(partly)
	if !isKnown {
		return func(int) error { return err }
	}
	return func(i int) error { return reasons[i] }
}

// reasons returns why messages were rejected, and whether each message of all
// batches in the answer is mentioned once.
func (n *Numbers) reasons(answer *service.BatchError) (reasons []error, isKnown bool) {
	reasons, isKnown = make([]error, len(n.places)), true
	seen, left := map[*place]bool{}, map[*Numbers]int{n: len(n.places)}
	//lint:ignore SA1019 its indexes mean nothing, and are not used
	answer.WalkMessages(func(_ int, message *service.Message, err error) bool {
		p, isNumbered := message.Context().Value(placeKey{}).(*place)
		if !isNumbered || seen[p] {
			isKnown = false
			return false
		}
		seen[p] = true
		if _, isMet := left[p.of]; !isMet {
			left[p.of] = len(p.of.places)
		}
		left[p.of]--
		if p.of == n {
			reasons[p.number] = err
		}
		return true
	})
	for _, missing := range left {
		isKnown = isKnown && missing == 0
	}
	return reasons, isKnown
}
