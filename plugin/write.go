package plugin

import (
	"fmt"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
)

// write is one batch on its way: which calls were made of which message, and
// what became of them. It is reused with its buffers.
type write struct {
	output    *output
	converter *segment.Converter

	batch     service.MessageBatch
	mapping   *service.MessageBatchBloblangExecutor
	writeKey  interpolation
	messageID interpolation

	calls []segment.Call
	// owners says for each call of which message it was made.
	owners []int
	// failures holds the error of each message that has one.
	failures map[int]error
	// encoded holds a structured payload while it is converted.
	encoded []byte
}

func newWrite(o *output) *write {
	return &write{output: o, converter: segment.NewConverter(o.conf.convert)}
}

func (w *write) start(batch service.MessageBatch) {
	conf := &w.output.conf
	w.batch = batch
	w.writeKey = newInterpolation(batch, conf.writeKey)
	w.messageID = newInterpolation(batch, conf.messageID)
	if conf.mapping != nil {
		w.mapping = batch.BloblangExecutor(conf.mapping)
	}
}

func (w *write) reset() {
	w.converter.Reset()
	clear(w.calls)
	*w = write{
		output:    w.output,
		converter: w.converter,
		calls:     w.calls[:0],
		owners:    w.owners[:0],
		encoded:   w.encoded[:0],
	}
}

// convert makes calls of one message, or notes why there are none.
func (w *write) convert(i int) {
	if v := w.tryConvert(i); v != nil {
		w.fail(i, v)
		w.output.report.rejected(v)
	}
}

func (w *write) tryConvert(i int) *segment.Violation {
	from, v := w.source(i)
	if v != nil {
		return v
	}
	msg, v := w.mapped(i)
	if v != nil {
		return v
	}
	if msg == nil {
		w.output.report.skippedByMapping()
		return nil
	}
	payload, v := w.payload(msg)
	if v != nil {
		return v
	}
	var skips segment.Skips
	w.calls, skips, v = w.converter.Convert(w.calls, payload, from)
	for len(w.owners) < len(w.calls) {
		w.owners = append(w.owners, i)
	}
	w.output.report.skipped(skips)
	return v
}

// source says where the calls of a message go to and come from.
func (w *write) source(i int) (from segment.Source, v *segment.Violation) {
	key, err := w.writeKey.of(i)
	if err != nil || key == "" || key == "null" {
		return from, violationOf(segment.ReasonWriteKeyMissing, soFieldWriteKey,
			"the interpolation gave no write key for this message; set one, or filter such messages out before")
	}
	id, err := w.messageID.of(i)
	if err != nil {
		return from, violationOf(segment.ReasonMappingFailed, soFieldMessageID,
			"the interpolation failed for this message: "+err.Error())
	}
	return segment.Source{
		WriteKey:  strings.TrimSpace(key),
		MessageID: id,
		Origin:    originOf(w.batch[i]),
	}, nil
}

// mapped returns the message with the mapping applied, or nil where that
// deleted it.
func (w *write) mapped(i int) (*service.Message, *segment.Violation) {
	if w.mapping == nil {
		return w.batch[i], nil
	}
	msg, err := w.mapping.Query(i)
	if err != nil {
		return nil, violationOf(segment.ReasonMappingFailed, soFieldMapping, err.Error())
	}
	return msg, nil
}

// payload returns the bytes of a message. One that a processor has left in
// its structured form is encoded here, once.
func (w *write) payload(msg *service.Message) ([]byte, *segment.Violation) {
	if msg.HasBytes() {
		// The engine promises bytes that are there already.
		payload, _ := msg.AsBytes()
		return payload, nil
	}
	value, err := msg.AsStructured()
	if err != nil {
		return nil, violationOf(segment.ReasonInvalidJSON, "", "reading the payload: "+err.Error())
	}
	w.encoded, err = segment.AppendJSON(w.encoded[:0], value)
	if err != nil {
		return nil, violationOf(segment.ReasonInvalidJSON, "", "encoding the payload: "+err.Error())
	}
	return w.encoded, nil
}

func (w *write) fail(i int, err error) {
	if w.failures == nil {
		w.failures = make(map[int]error)
	}
	if w.failures[i] == nil {
		w.failures[i] = err
	}
}

// settle notes what became of the calls; errs is nil where all is well.
func (w *write) settle(errs []error) {
	for n := range w.calls {
		if errs == nil || errs[n] == nil {
			w.output.report.sent(w.calls[n].Type)
			continue
		}
		w.fail(w.owners[n], errs[n])
		if v, isViolation := errs[n].(*segment.Violation); isViolation {
			w.output.report.rejected(v)
		}
	}
}

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
	for i, err := range w.failures {
		whole.Failed(i, &failure{own: err, whole: whole.Unwrap()})
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
func headline(failed, total int, first error) error {
	reason, _, _ := strings.Cut(first.Error(), ": ")
	advice := ""
	if v, isViolation := first.(*segment.Violation); isViolation && v.Reason != segment.ReasonUndelivered {
		advice = ". What is refused comes again and holds up the rest, unless this output is the first of a fallback whose next output takes it"
	}
	return fmt.Errorf("%d of %d messages were not sent, the first with: %s%s", failed, total, reason, advice)
}

func (w *write) observer() tracking.Observer {
	return &batchObserver{report: w.output.report, batch: w.batch, owners: w.owners}
}

// interpolation is a string that may be different for each message.
type interpolation struct {
	static string
	// perMessage is nil where the string is the same for all.
	perMessage *service.MessageBatchInterpolationExecutor
}

func newInterpolation(batch service.MessageBatch, text *service.InterpolatedString) interpolation {
	if static, isStatic := text.Static(); isStatic {
		return interpolation{static: static}
	}
	return interpolation{perMessage: batch.InterpolationExecutor(text)}
}

func (p interpolation) of(i int) (string, error) {
	if p.perMessage == nil {
		return p.static, nil
	}
	return p.perMessage.TryString(i)
}

func violationOf(reason segment.Reason, field, sentence string) *segment.Violation {
	return &segment.Violation{Reason: reason, Field: field, Sentence: sentence}
}
