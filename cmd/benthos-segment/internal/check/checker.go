package check

import (
	"errors"
	"fmt"
	"io"

	"benthos-segment/cmd/benthos-segment/internal/documents"
	"benthos-segment/internal/segment"
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
	// showsCalls says that the report wants to see the calls.
	showsCalls bool
	// file is the one at hand.
	file  string
	calls []segment.Call
	summary
}

func newChecker(conf segment.Config, r report) *checker {
	return &checker{report: r, converter: segment.NewConverter(conf), summary: summary{
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
		k.document(doc)
	}
}

// provenance is that of all events. Derived message ids are made of it, and only
// have to be as long as real ones.
var provenance = segment.Provenance{WriteKey: "check"}

// document checks what becomes one message.
func (k *checker) document(doc documents.Document) {
	if doc.Problem != nil {
		k.events++
		k.refuse(place{doc.Line, doc.Column}, doc.Problem)
		k.refused++
		return
	}
	defer k.converter.Reset()
	calls, skipped, v := k.converter.Convert(k.calls[:0], doc.Payload, provenance)
	k.calls = calls
	if skipped.Empty > 0 {
		k.empty += skipped.Empty
		return
	}
	k.events++
	k.calls = calls
	k.summary.calls += len(calls)
	if v != nil {
		k.refused++
		k.whyRefused(doc, v)
		return
	}
	for _, note := range k.converter.Notes() {
		k.note(doc, note)
	}
	k.againstPlan(doc)
	if k.showsCalls {
		for _, call := range calls {
			k.report.showed(k.file, place{doc.Line, doc.Column}, call)
		}
	}
	k.skip(doc, skipped)
}

// whyRefused says what is wrong with a message. Of an array, which is refused as
// a whole, it says so for every event.
func (k *checker) whyRefused(doc documents.Document, first *segment.Violation) {
	if first.Reason == segment.ReasonInvalidJSON {
		k.refuse(placeIn(doc, offsetOfMistake(doc.Payload)), first)
		return
	}
	elements := elementsOf(doc)
	if elements == nil {
		k.refuse(placeIn(doc, offsetOfField(doc.Payload, first.Field)), first)
		return
	}
	for _, e := range elements {
		_, _, v := k.converter.Convert(nil, e.Payload, provenance)
		if v == nil {
			continue
		}
		inner := placeIn(e.Document, offsetOfField(e.Payload, v.Field))
		field := fmt.Sprint(e.index)
		if v.Field != "" {
			field += "." + v.Field
		}
		k.refuse(inner, &segment.Violation{Reason: v.Reason, Field: field, Sentence: v.Sentence})
	}
}

func (k *checker) refuse(at place, v *segment.Violation) {
	k.reasons.add(string(v.Reason))
	k.report.found(finding{place: at, Kind: refused, File: k.file, Reason: string(v.Reason), Field: v.Field, Sentence: v.Sentence})
}

// note says what the output does besides. Members that it leaves out are many,
// and only counted.
func (k *checker) note(doc documents.Document, note segment.Note) {
	if note.Kind == segment.NoteMemberDropped || note.Kind == segment.NoteInternalDropped {
		k.dropped.add(note.Member())
		return
	}
	k.report.found(finding{
		place: placeIn(doc, offsetOfField(doc.Payload, note.Field())), Kind: noted, File: k.file,
		Reason: note.Kind.String(), Field: note.Field(), Sentence: note.Sentence(),
	})
}

// skip says which events of a message are skipped, if any is.
func (k *checker) skip(doc documents.Document, skipped segment.Skips) {
	for n, reason := range skips {
		count := reason.count(skipped)
		if count == 0 {
			continue
		}
		k.skipped[n].count += count
		events := elementsOf(doc)
		if events == nil {
			events = []element{{Document: doc}}
		}
		for _, e := range events {
			k.skipOne(n, e)
		}
	}
}

func (k *checker) skipOne(reason int, e element) {
	_, skippedHere, _ := k.converter.Convert(nil, e.Payload, provenance)
	if skips[reason].count(skippedHere) == 0 {
		return
	}
	k.skipped[reason].names.add(nameOf(e.Payload))
	k.report.found(finding{
		place: placeIn(e.Document, offsetOfField(e.Payload, skips[reason].field)), Kind: skipped, File: k.file,
		Reason: skips[reason].name, Field: skips[reason].field, Sentence: skips[reason].sentence,
	})
}

// nameOf is what people call an event: its type, and its name where it has one.
func nameOf(payload []byte) string {
	event := segment.Inspect(payload, segment.UnknownType)
	if event.Name == "" {
		return event.Type.String()
	}
	return fmt.Sprintf("%s %q", event.Type, event.Name)
}
