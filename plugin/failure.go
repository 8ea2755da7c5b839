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
func (w *write) failure(isStopped bool) error {
	if len(w.failures) == 0 {
		return nil
	}
	sums := sumsOf(w.failures, len(w.batch))
	if isStopped && sums.givenUp > 0 {
		sums.isKnown = w.output.report.backlog.gaveUp(sums.givenUp, logged(sums.undelivered))
	}
	whole := service.NewBatchError(w.batch, sums.headline())
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

// sums is what became of a batch.
type sums struct {
	failed, total int
	// first is why the first of those failed that did.
	first *segment.Violation
	// givenUp counts those with which nothing is wrong, and undelivered says why
	// one of them was given up.
	givenUp     int
	undelivered *segment.Violation
	// isKnown says that the log has that reason of another batch.
	isKnown bool
}

func sumsOf(failures map[int]*segment.Violation, total int) sums {
	s := sums{failed: len(failures), total: total, first: failures[slices.Min(slices.Collect(maps.Keys(failures)))]}
	for _, why := range failures {
		if why.Reason == segment.ReasonUndelivered {
			s.givenUp, s.undelivered = s.givenUp+1, why
		}
	}
	if s.first.Reason == segment.ReasonUndelivered {
		s.undelivered = s.first
	}
	return s
}

// headline is what the engine writes to its log: how many messages of a batch
// failed, and why the first of them did. It also says how many were given up
// where the first was not. Of an invalid message it says what to do, because the
// engine tries it again for ever where nothing else takes it. At a stop the engine
// writes such a line for each batch, and what the last one has said is not said
// again.
func (s sums) headline() error {
	text := s.count()
	if s.isKnown && s.first == s.undelivered {
		return errors.New(text + ", for the same reason")
	}
	text += ", the first with: " + logged(s.first)
	if s.first.Reason == segment.ReasonUndelivered {
		return errors.New(text)
	}
	text += ". Unless this output is the first of a fallback, a refused message is delivered again and again and holds up newer ones"
	if s.givenUp > 0 {
		text += fmt.Sprintf(". %d with: %s", s.givenUp, logged(s.undelivered))
	}
	return errors.New(text)
}

func (s sums) count() string {
	messages, were := "messages", "were"
	if s.total == 1 {
		messages = "message"
	}
	if s.failed == 1 {
		were = "was"
	}
	return fmt.Sprintf("%d of %d %s %s not sent", s.failed, s.total, messages, were)
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
