package plugin

import (
	"errors"
	"fmt"
	"maps"
	"slices"
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
	whole := service.NewBatchError(w.batch, headline(w.failures, len(w.batch)))
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

// headline is what the engine writes to its log: how many messages of a batch
// failed, and why the first of them did. On a stop it is the last line, so
// that it also says how many were given up where the first was not. Of an
// invalid message it says what to do, because the engine tries it again for
// ever where nothing else takes it.
func headline(failures map[int]*segment.Violation, total int) error {
	first, givenUp := failures[slices.Min(slices.Collect(maps.Keys(failures)))], 0
	var undelivered *segment.Violation
	for _, why := range failures {
		if why.Reason == segment.ReasonUndelivered {
			givenUp, undelivered = givenUp+1, why
		}
	}
	text := fmt.Sprintf("%d of %d messages were not sent, the first with: %s", len(failures), total, logged(first))
	if first.Reason == segment.ReasonUndelivered {
		return errors.New(text)
	}
	text += ". Unless this output is the first of a fallback, a refused message is delivered again and again and holds up newer ones"
	if givenUp > 0 {
		text += fmt.Sprintf(". %d with: %s", givenUp, logged(undelivered))
	}
	return errors.New(text)
}

// logged is a violation as the log shows it. The sentences of delivery say what
// the server answered; those of the conversion are left out, because one of a
// mapping that failed may repeat a part of the payload.
func logged(why *segment.Violation) string {
	switch why.Reason {
	case segment.ReasonUndelivered, segment.ReasonRefused:
		return why.Error()
	}
	reason, _, _ := strings.Cut(why.Error(), ": ")
	return reason
}
