package faults

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/sandbox/inbox"
)

// maxFaultBytes bounds the texts of a fault that comes as JSON.
const maxFaultBytes = 16 << 10

// JSON is a fault as the control API reads and shows it.
type JSON struct {
	Status      int               `json:"status,omitempty"`
	RetryAfter  string            `json:"retry_after,omitempty"`
	Header      map[string]string `json:"headers,omitempty"`
	Body        string            `json:"body,omitempty"`
	Drop        bool              `json:"drop,omitempty"`
	LostAck     bool              `json:"lost_ack,omitempty"`
	Truncate    bool              `json:"truncate,omitempty"`
	Delay       string            `json:"delay,omitempty"`
	Times       int               `json:"times,omitempty"`
	Probability *float64          `json:"probability,omitempty"`
	Seed        uint64            `json:"seed,omitempty"`
	Match       *inbox.Match      `json:"match,omitempty"`
}

// View is a fault that was injected, as the control API shows it.
type View struct {
	ID int `json:"id"`
	JSON
	Effect string `json:"effect"`
	// Preset is the name of the preset that it is, for whatever calls.
	Preset string `json:"preset,omitempty"`
	Hits   int    `json:"hits"`
	// Remaining is how often it still strikes; left out if there is no limit.
	Remaining *int `json:"remaining,omitempty"`
	Active    bool `json:"active"`
}

// Parse reads a fault. It refuses unknown members: a fault that does not do what
// was meant makes a test that proves nothing.
func Parse(text []byte) (Fault, error) {
	var in JSON
	if err := decodeStrictly(text, &in); err != nil {
		return Fault{}, explain(err)
	}
	return in.fault()
}

// ParseList reads {"faults": […]}.
func ParseList(text []byte) ([]Fault, error) {
	var in struct {
		Faults []json.RawMessage `json:"faults"`
	}
	err := decodeStrictly(text, &in)
	if field, unknown := unknownField(err); unknown {
		return nil, fmt.Errorf("unknown field %s beside faults", field)
	}
	if err != nil || in.Faults == nil {
		return nil, errors.New(`the body must be an object such as {"faults":[{"status":503}]}`)
	}
	list := make([]Fault, len(in.Faults))
	for i, raw := range in.Faults {
		if list[i], err = Parse(raw); err != nil {
			return nil, fmt.Errorf("fault %d: %w", i, err)
		}
	}
	return list, nil
}

func (in JSON) fault() (Fault, error) {
	f := Fault{
		Status: in.Status, RetryAfter: in.RetryAfter, Header: in.Header, Body: in.Body,
		Drop: in.Drop, LostAck: in.LostAck, Truncate: in.Truncate, Times: in.Times, Seed: in.Seed,
	}
	if in.Delay != "" {
		delay, err := time.ParseDuration(in.Delay)
		if err != nil {
			return Fault{}, fmt.Errorf("delay must be a duration such as \"250ms\", not %q", in.Delay)
		}
		f.Delay = delay
	}
	if in.Probability != nil {
		f.Probability = *in.Probability
		if f.Probability == 0 {
			return Fault{}, errors.New("probability 0 never strikes: leave it out for always")
		}
	}
	if in.Match != nil {
		f.Match = *in.Match
	}
	if size := f.size(); size > maxFaultBytes {
		return Fault{}, fmt.Errorf("body, headers and match of a fault may have %d bytes together, not %d", maxFaultBytes, size)
	}
	return f, f.validate()
}

var errGoesOn = errors.New("the text goes on after its object")

// decodeStrictly decodes a text that is one JSON value with known members.
func decodeStrictly(text []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errGoesOn
	}
	return nil
}

// explain says in the words of JSON what the decoder says in those of Go.
func explain(err error) error {
	if typed, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if typed.Field == "" {
			return errors.New("a fault is one JSON object")
		}
		return fmt.Errorf("%s must be a %s, not a %s", typed.Field, typed.Type.Kind(), typed.Value)
	}
	if errors.Is(err, errGoesOn) {
		return errors.New("the body goes on after the fault: inject one at a time")
	}
	if field, unknown := unknownField(err); unknown {
		return fmt.Errorf("unknown field %s: a fault has status, retry_after, headers, body, drop, lost_ack, truncate, delay, times, probability, seed, and match with type, user, event, group, message_id, write_key, path, text", field)
	}
	return fmt.Errorf("reading the fault: %w", err)
}

// unknownField returns the field that a strict decoder does not know.
func unknownField(err error) (quoted string, unknown bool) {
	if err == nil {
		return "", false
	}
	return strings.CutPrefix(err.Error(), "json: unknown field ")
}

// View returns the fault as it is shown.
func (s State) View() View {
	f := s.Fault
	view := View{
		ID: s.ID, Effect: f.Effect(), Preset: presetOf(f), Hits: s.Hits, Active: s.IsActive(),
		JSON: JSON{
			Status: f.Status, RetryAfter: f.RetryAfter, Header: f.Header, Body: f.Body,
			Drop: f.Drop, LostAck: f.LostAck, Truncate: f.Truncate, Times: f.Times, Seed: f.Seed,
		},
	}
	if f.Delay > 0 {
		view.Delay = f.Delay.String()
	}
	if f.Probability > 0 {
		view.Probability = &f.Probability
	}
	if s.Remaining >= 0 {
		view.Remaining = &s.Remaining
	}
	if f.Match != (inbox.Match{}) {
		match := f.Match
		match.WriteKey = ingest.MaskKey(match.WriteKey)
		view.Match = &match
	}
	return view
}

// Views returns all faults as they are shown.
func (l *List) Views() []View {
	views := []View{}
	for _, state := range l.States() {
		views = append(views, state.View())
	}
	return views
}

// Brief returns the view without what readers of the events do not show, however
// long that is.
func (v View) Brief() View {
	const enough = 200
	v.Body, v.Header, v.RetryAfter = "", nil, inbox.Clip(v.RetryAfter, enough)
	if v.Match != nil {
		m := *v.Match
		for _, text := range []*string{&m.Type, &m.User, &m.Event, &m.Group, &m.MessageID, &m.Path, &m.Text} {
			*text = inbox.Clip(*text, enough)
		}
		v.Match = &m
	}
	return v
}
