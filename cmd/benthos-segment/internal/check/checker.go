package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"benthos-segment/cmd/benthos-segment/internal/documents"
	"benthos-segment/internal/segment"
	"benthos-segment/plugin"
)

// summary is what is said at the end.
type summary struct {
	// events are the messages that the output would get, and calls those that it
	// would send.
	events, calls int
	// refused and empty are messages, too.
	refused, empty int
	// reasons counts the reasons of what is refused, with their fields.
	reasons tally
	// skipped are the events that are skipped, and the names of those, by the row
	// of the table skips.
	skipped []skippedEvents
	// plan is about the tracking plan.
	plan planSums
	// dropped counts the members that events would be sent without.
	dropped tally
	// files are those that were read to their end.
	files int
	// isInterrupted says that somebody did not want to wait for the end, and
	// failures why a file was not read to its end.
	isInterrupted bool
	failures      []failure
}

// failure is why a file was not read to its end.
type failure struct {
	File string `json:"file"`
	Why  string `json:"message"`
}

// skippedEvents are those that are skipped for one reason.
type skippedEvents struct {
	count int
	names tally
}

// allSkipped returns how many events are skipped, whatever the reason.
func (s *summary) allSkipped() (count int) {
	for n := range s.skipped {
		count += s.skipped[n].count
	}
	return count
}

// isWhole says whether everything was checked that was named.
func (s *summary) isWhole() bool { return !s.isInterrupted && len(s.failures) == 0 }

// report shows what is found.
type report interface {
	found(finding)
	// showed is a call as it would be sent, made of what is in that place.
	showed(file string, at place, call segment.Call)
	failed(failure)
	concluded(*summary)
}

// checker converts events and tells a report what would happen to them.
type checker struct {
	report    report
	converter *segment.Converter
	// pipeline makes messages of documents first, if there is one.
	pipeline *pipeline
	ctx      context.Context
	// showsCalls says that the report wants to see the calls.
	showsCalls bool
	// file is the one at hand.
	file  string
	calls []segment.Call
	summary
}

func newChecker(ctx context.Context, conf segment.Config, r report) *checker {
	return &checker{ctx: ctx, report: r, converter: segment.NewConverter(conf), summary: summary{
		skipped: make([]skippedEvents, len(skips)), plan: planSums{isGiven: conf.Plan != nil},
	}}
}

// read checks a file. It returns an error where the file was not read to its
// end.
func (k *checker) read(file string, from *documents.Reader) error {
	k.file = file
	for {
		doc, err := from.Next()
		if errors.Is(err, io.EOF) {
			k.files++
			return nil
		}
		if err != nil {
			return err
		}
		if err := k.document(doc); err != nil {
			return err
		}
	}
}

// provenance is that of all events. Derived message ids are made of it, and only
// have to be as long as real ones.
var provenance = segment.Provenance{WriteKey: "check"}

// document checks what becomes one message.
func (k *checker) document(doc documents.Document) error {
	switch {
	case doc.Problem != nil:
		k.events++
		k.refused++
		k.refuse(place{doc.Line, doc.Column}, doc.Problem)
		return nil
	case k.pipeline != nil:
		return k.throughPipeline(doc)
	}
	calls, skipped, v := k.converter.Convert(k.calls[:0], doc.Payload, provenance)
	k.calls = calls
	if skipped.Empty == 0 {
		k.events++
	}
	isRefused := k.judge(source{doc, false}, plugin.Preview{
		Calls: calls, Skips: skipped, Violation: v, Notes: k.converter.Notes(), Findings: k.converter.Findings(),
	})
	if isRefused {
		k.refused++
	}
	k.converter.Reset()
	return nil
}

// throughPipeline has a document made into messages first.
func (k *checker) throughPipeline(doc documents.Document) error {
	if len(bytes.TrimSpace(doc.Payload)) == 0 {
		k.empty++
		return nil
	}
	k.events++
	original, isSeen, isRefused := bytes.Clone(doc.Payload), false, false
	from := source{documents.Document{Payload: original, Line: doc.Line, Column: doc.Column}, false}
	err := k.pipeline.take(k.ctx, bytes.Clone(original), func(seen plugin.Preview) {
		if seen.IsDeleted {
			return
		}
		isSeen = true
		made := source{documents.Document{Payload: seen.Payload, Line: doc.Line, Column: doc.Column}, !bytes.Equal(seen.Payload, original)}
		if seen.Failed != nil {
			k.report.found(k.finding(from.start(), noted, reasonProcessorFailed, "", "a processor failed on this event, which goes on all the same: "+seen.Failed.Error()))
		}
		isRefused = k.judge(made, seen) || isRefused
	})
	switch {
	case k.ctx.Err() != nil:
		return k.ctx.Err()
	case err != nil:
		k.refuse(from.start(), &segment.Violation{Reason: reasonProcessorFailed, Sentence: "the pipeline gives this event back: " + err.Error()})
		isRefused = true
	case !isSeen:
		k.skipEvent(byPipeline, from)
	}
	if isRefused {
		k.refused++
	}
	return nil
}

// reasonProcessorFailed names what is no reason of the output.
const reasonProcessorFailed = "processor_failed"

// source is what an event was read from.
type source struct {
	documents.Document
	// isMade says that a pipeline has made the payload of the document there, so
	// that places in it mean nothing.
	isMade bool
}

func (s source) start() place { return place{s.Line, s.Column} }

// at returns the place of a byte of the payload.
func (s source) at(offset int) place {
	if s.isMade {
		return s.start()
	}
	return placeIn(s.Document, offset)
}

// judge notes what the output would do with a message, and says whether it
// refuses it.
func (k *checker) judge(from source, seen plugin.Preview) (isRefused bool) {
	k.empty += seen.Skips.Empty
	k.summary.calls += len(seen.Calls)
	if seen.Violation != nil {
		k.whyRefused(from, seen.Violation)
		return true
	}
	for _, note := range seen.Notes {
		k.note(from, note)
	}
	k.againstPlan(from, seen.Findings)
	if k.showsCalls {
		for _, call := range seen.Calls {
			k.report.showed(k.file, from.start(), call)
		}
	}
	k.skip(from, seen.Skips)
	return false
}

// whyRefused says what is wrong with a message. Of an array, which is refused as
// a whole, it says so for every event.
func (k *checker) whyRefused(from source, first *segment.Violation) {
	if first.Reason == segment.ReasonInvalidJSON {
		k.refuse(from.at(offsetOfMistake(from.Payload)), first)
		return
	}
	isSaid := false
	for _, e := range elementsOf(from) {
		_, _, v := k.converter.Convert(nil, e.Payload, provenance)
		if v == nil {
			continue
		}
		field := strconv.Itoa(e.index)
		if v.Field != "" {
			field += "." + v.Field
		}
		isSaid = true
		k.refuse(e.at(offsetOfField(e.Payload, v.Field)), &segment.Violation{Reason: v.Reason, Field: field, Sentence: v.Sentence})
	}
	if !isSaid {
		k.refuse(from.at(offsetOfField(from.Payload, first.Field)), first)
	}
}

func (k *checker) refuse(at place, v *segment.Violation) {
	k.reasons.add(string(v.Reason))
	k.report.found(k.finding(at, refused, string(v.Reason), v.Field, v.Sentence))
}

func (k *checker) finding(at place, kind kind, reason, field, sentence string) finding {
	return finding{place: at, Kind: kind, File: k.file, Reason: reason, Field: field, Sentence: sentence}
}

// note says what the output does besides. Members that it leaves out are many,
// and only counted.
func (k *checker) note(from source, note segment.Note) {
	if note.Kind == segment.NoteMemberDropped || note.Kind == segment.NoteInternalDropped {
		k.dropped.add(note.Member())
		return
	}
	at := from.at(offsetOfField(from.Payload, note.Field()))
	k.report.found(k.finding(at, noted, note.Kind.String(), note.Field(), note.Sentence()))
}

// skip says which events of a message are skipped, if any is.
func (k *checker) skip(from source, skipped segment.Skips) {
	for n, reason := range skips {
		if reason.count(skipped) == 0 {
			continue
		}
		events := elementsOf(from)
		if events == nil {
			events = []element{{source: from}}
		}
		for _, e := range events {
			if _, here, _ := k.converter.Convert(nil, e.Payload, provenance); reason.count(here) > 0 {
				k.skipEvent(n, e.source)
			}
		}
	}
}

// skipEvent says that one event is skipped, by a row of the table.
func (k *checker) skipEvent(row int, from source) {
	k.skipped[row].count++
	k.skipped[row].names.add(nameOf(from.Payload))
	why := skips[row]
	k.report.found(k.finding(from.at(offsetOfField(from.Payload, why.field)), skipped, why.name, why.field, why.sentence))
}

// nameOf is what people call an event: its type, and its name where it has one.
func nameOf(payload []byte) string {
	event := segment.Inspect(payload, segment.UnknownType)
	switch {
	case event.Type == segment.UnknownType:
		return "without a type"
	case event.Name == "":
		return event.Type.String()
	}
	return fmt.Sprintf("%s %q", event.Type, event.Name)
}
