package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Envelope is the body of a request taken apart. Its byte slices are parts of
// the body.
type Envelope struct {
	// WriteKey and SentAt are empty if the body does not have them.
	WriteKey, SentAt string
	// Context and Integrations stand beside a batch and apply to all of its
	// events. A single event has its own.
	Context, Integrations []byte
	// Events are the events in their order, as many as Bounds allow. Count is the
	// number of all events.
	Events [][]byte
	Count  int

	// body, starts, members and ends are for Item: where each event begins, the
	// members of all, and how many there are up to the end of each event.
	body    []byte
	starts  []int
	members []named
	ends    []int
}

// Bounds limit what is taken from a batch. A body of legal size has room for a
// quarter of a million zeros.
type Bounds struct {
	// Events is how many events are returned, 0 for all. The rest is counted.
	Events int
	// NotObjects is how many elements of a batch may be something else than an
	// object, 0 for any number. No SDK sends one. A batch with more is an error.
	NotObjects int
	// Members notes where the members of each event are, for Envelope.Item.
	Members bool
	// InvalidUTF8 accepts text that is not UTF-8, and leaves it to whoever reads the
	// event that has it: it must not cost the others.
	InvalidUTF8 bool
}

var (
	errNoBatch  = errors.New(`the body must have a "batch" that is an array of calls`)
	errTrailing = errors.New("the body goes on after its JSON object")
	errNotUTF8  = errors.New("the body is not valid UTF-8")
)

// OpenEvent takes apart the body of a route for one event: the body is the
// event.
func OpenEvent(body []byte) (Envelope, error) {
	var env Envelope
	if !utf8.Valid(body) {
		return Envelope{}, errNotUTF8
	}
	if err := env.read(body, env.readMember); err != nil {
		return Envelope{}, err
	}
	env.Events, env.Count = [][]byte{bytes.TrimSpace(body)}, 1
	return env, nil
}

// OpenMembers does the same as OpenEvent, but accepts text that is not UTF-8, and
// notes where the members of the event are, for Envelope.Item.
func OpenMembers(body []byte) (Envelope, error) {
	env := Envelope{body: body, members: make([]named, 0, usualMembers)}
	o, err := openObject(body)
	if err != nil {
		return Envelope{}, err
	}
	defer o.close()
	at, err := env.readEvent(o, 0)
	if err == nil {
		err = o.end()
	}
	if err != nil {
		return Envelope{}, err
	}
	env.Events, env.starts, env.Count = [][]byte{at.in(body)}, []int{at.start}, 1
	event := env.Item(0)
	env.WriteKey, env.SentAt = Text(event.Value(NameWriteKey)), Text(event.Value(NameSentAt))
	env.Context, env.Integrations = event.Value(NameContext), event.Value(NameIntegrations)
	return env, nil
}

// OpenBatch takes apart the body of a route for batches. If a member is there
// twice, the last one counts.
func OpenBatch(body []byte, bounds Bounds) (Envelope, error) {
	if !bounds.InvalidUTF8 && !utf8.Valid(body) {
		return Envelope{}, errNotUTF8
	}
	env := Envelope{body: body}
	found := false
	err := env.read(body, func(o *object, name []byte) error {
		if string(name) != "batch" {
			return env.readMember(o, name)
		}
		found = true
		return env.readBatch(o, bounds)
	})
	if err == nil && !found {
		err = errNoBatch
	}
	if err != nil {
		return Envelope{}, err
	}
	return env, nil
}

// read walks the members of the body once.
func (env *Envelope) read(body []byte, member func(o *object, name []byte) error) error {
	o, err := openObject(body)
	if err != nil {
		return err
	}
	defer o.close()
	for {
		name, more, err := o.next()
		if err != nil {
			return err
		}
		if !more {
			return o.end()
		}
		if err := member(o, name); err != nil {
			return err
		}
	}
}

// end refuses anything after the object.
func (o *object) end() error {
	if o.scan.End() != nil {
		return errTrailing
	}
	return nil
}

func (env *Envelope) readMember(o *object, name []byte) error {
	at, err := o.value(1)
	if err != nil {
		return err
	}
	switch value := at.in(o.text); string(name) {
	case writeKeyMember:
		env.WriteKey = Text(value)
	case "sentAt":
		env.SentAt = Text(value)
	case "context":
		env.Context = value
	case "integrations":
		env.Integrations = value
	}
	return nil
}

// usualEvents is how many events most batches have.
const usualEvents = 16

func (env *Envelope) readBatch(o *object, bounds Bounds) error {
	env.Events, env.Count = make([][]byte, 0, usualEvents), 0
	env.starts, env.members, env.ends = nil, nil, nil
	if bounds.Members {
		env.starts, env.ends = make([]int, 0, usualEvents), make([]int, 0, usualEvents)
		env.members = make([]named, 0, usualEvents*usualMembers/2)
	}
	if o.scan.Peek() != '[' {
		if _, err := o.value(1); err != nil {
			return err
		}
		return errNoBatch
	}
	notObjects := 0
	for isOver := o.scan.Open(']'); !isOver; isOver = o.scan.More(']') {
		if o.scan.Peek() != '{' {
			notObjects++
		}
		isWanted := bounds.Events == 0 || env.Count < bounds.Events
		at, err := env.readElement(o, isWanted && bounds.Members)
		if err != nil {
			return fmt.Errorf("reading call %d: %w", env.Count, err)
		}
		if bounds.NotObjects > 0 && notObjects > bounds.NotObjects {
			return fmt.Errorf("more than %d elements of the batch are not objects", bounds.NotObjects)
		}
		if isWanted {
			env.Events = append(env.Events, at.in(o.text))
		}
		env.Count++
	}
	return o.err()
}

// elementDepth is in how many values an element of a batch is nested.
const elementDepth = 2

func (env *Envelope) readElement(o *object, withMembers bool) (place, error) {
	if !withMembers {
		return o.value(elementDepth)
	}
	at, err := env.readEvent(o, elementDepth)
	env.starts = append(env.starts, at.start)
	return at, err
}
