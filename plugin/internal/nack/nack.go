// Package nack reads the error that the engine hands to an acknowledgement.
package nack

import (
	"errors"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// ByMessage tells from the answer of the pipeline which messages of a batch it
// rejected, and why. It returns nil if it accepted all. Where the answer does not
// say which, it may be any of them.
func ByMessage(err error, indexed *service.Indexer, count int) (failed func(i int) error) {
	if err == nil {
		return nil
	}
	var partly *service.BatchError
	if !errors.As(err, &partly) {
		return func(int) error { return err }
	}
	reasons := make([]error, count)
	isAny := false
	partly.WalkMessagesIndexedBy(indexed, func(i int, _ *service.Message, err error) bool {
		if err != nil && i >= 0 && i < count {
			reasons[i], isAny = err, true
		}
		return true
	})
	if !isAny {
		return func(int) error { return err }
	}
	return func(i int) error { return reasons[i] }
}
