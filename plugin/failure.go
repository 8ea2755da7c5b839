package plugin

import (
	"fmt"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/segment"
)

// failure returns the errors of the messages that have one, and nil when all
// were accepted. Messages that it does not list are acknowledged.
func (w *write) failure() error {
	if len(w.failures) == 0 {
		return nil
	}
	first := len(w.batch)
	for i := range w.failures {
		first = min(first, i)
	}
	whole := service.NewBatchError(w.batch, headline(len(w.failures), len(w.batch), w.failures[first]))
	for i, why := range w.failures {
		whole.Failed(i, &failure{own: why, whole: whole.Unwrap()})
	}
	return whole
}

// failure is the error of one message, with those of its batch behind it.
//
// Where the engine has gathered several batches for us, it answers each with
// the error of the first message that failed, and nothing else. Messages
// beside it would be taken for failed, too, and end in the dead letter,
// although they were sent. An error that leads to those of the whole batch
// tells them apart again.
type failure struct{ own, whole error }

func (f *failure) Error() string   { return f.own.Error() }
func (f *failure) Unwrap() []error { return []error{f.own, f.whole} }

// headline is what the engine writes to its log. It names the first reason
// without its sentence, which may repeat a part of the payload. Of a refused
// message it says what to do, because the engine tries it again for ever where
// nothing else takes it.
func headline(failed, total int, first *segment.Violation) error {
	reason, _, _ := strings.Cut(first.Error(), ": ")
	advice := ""
	if first.Reason != segment.ReasonUndelivered {
		advice = ". What is refused comes again and holds up the rest, unless this output is the first of a fallback whose next output takes it"
	}
	return fmt.Errorf("%d of %d messages were not sent, the first with: %s%s", failed, total, reason, advice)
}
