package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"benthos-segment/internal/ingest"
)

// faultJSON is a fault as the control API reads and shows it.
type faultJSON struct {
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
	Match       *Match            `json:"match,omitempty"`
}

// faultView is a fault in place.
type faultView struct {
	ID int `json:"id"`
	faultJSON
	Effect string `json:"effect"`
	Hits   int    `json:"hits"`
	// Remaining is how often it still strikes; left out where there is no end.
	Remaining *int `json:"remaining,omitempty"`
	Active    bool `json:"active"`
}

// maxFaultBytes bounds the texts of a fault that comes by the API.
const maxFaultBytes = 16 << 10

// parseFault reads a fault and refuses members it does not know: a fault that
// does not do what was meant makes a test that proves nothing.
func parseFault(body []byte) (Fault, error) {
	var in faultJSON
	if err := decodeStrictly(body, &in); err != nil {
		return Fault{}, explain(err)
	}
	return in.fault()
}

var errGoesOn = errors.New("the body goes on after its object")

// decodeStrictly decodes a body that is one JSON value with known members.
func decodeStrictly(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errGoesOn
	}
	return nil
}

func (in faultJSON) fault() (Fault, error) {
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

// explain says in words of JSON what the decoder says in words of Go.
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
		return fmt.Errorf("there is no field %s: a fault has status, retry_after, headers, body, drop, lost_ack, truncate, delay, times, probability, seed, and match with type, user, event, group, message_id, write_key, path, text", field)
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

func viewFault(state FaultState) faultView {
	f := state.Fault
	view := faultView{
		ID: state.ID, Effect: f.effect(), Hits: state.Hits, Active: state.Remaining != 0,
		faultJSON: faultJSON{
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
	if state.Remaining >= 0 {
		view.Remaining = &state.Remaining
	}
	if f.Match != (Match{}) {
		match := f.Match
		match.WriteKey = ingest.MaskKey(match.WriteKey)
		view.Match = &match
	}
	return view
}

func (s *Sandbox) faultViews() []faultView {
	views := []faultView{}
	for _, state := range s.Faults() {
		views = append(views, viewFault(state))
	}
	return views
}

// brief leaves out of a fault what its readers do not show, however long it is.
func (f faultView) brief() faultView {
	f.Body, f.Header, f.RetryAfter = "", nil, clipText(f.RetryAfter, maxRowText)
	if f.Match != nil {
		m := *f.Match
		for _, text := range []*string{&m.Type, &m.User, &m.Event, &m.Group, &m.MessageID, &m.Path, &m.Text} {
			*text = clipText(*text, maxRowText)
		}
		f.Match = &m
	}
	return f
}

func (s *Sandbox) serveFaults(w http.ResponseWriter, _ *http.Request, _ *query) {
	answerJSON(w, http.StatusOK, map[string][]faultView{"faults": s.faultViews()})
}

// serveTheseFaults takes faults in place of all that there are, or none of them
// where one is wrong.
func (s *Sandbox) serveTheseFaults(w http.ResponseWriter, r *http.Request, _ *query) {
	body, err := readFaultBody(w, r)
	if err != nil {
		answerError(w, http.StatusBadRequest, err.Error())
		return
	}
	var in struct {
		Faults []json.RawMessage `json:"faults"`
	}
	err = decodeStrictly(body, &in)
	if field, unknown := unknownField(err); unknown {
		answerError(w, http.StatusBadRequest, fmt.Sprintf("there is no field %s beside faults", field))
		return
	}
	if err != nil || in.Faults == nil {
		answerError(w, http.StatusBadRequest, `the body must be an object such as {"faults":[{"status":503}]}`)
		return
	}
	list := make([]Fault, len(in.Faults))
	for i, raw := range in.Faults {
		if list[i], err = parseFault(raw); err != nil {
			answerError(w, http.StatusBadRequest, fmt.Sprintf("fault %d: %v", i, err))
			return
		}
	}
	if err := s.faults.replace(list); err != nil {
		answerError(w, http.StatusBadRequest, err.Error())
		return
	}
	s.serveFaults(w, r, nil)
}

func readFaultBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	const longest = 1 << 20
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longest))
	if err != nil {
		return nil, fmt.Errorf("reading the fault: it may have %d bytes", longest)
	}
	return body, nil
}

func (s *Sandbox) serveNewFault(w http.ResponseWriter, r *http.Request, _ *query) {
	body, err := readFaultBody(w, r)
	if err != nil {
		answerError(w, http.StatusBadRequest, err.Error())
		return
	}
	fault, err := parseFault(body)
	if err != nil {
		answerError(w, http.StatusBadRequest, err.Error())
		return
	}
	id, err := s.Inject(fault)
	if err != nil {
		answerError(w, http.StatusBadRequest, err.Error())
		return
	}
	state := FaultState{ID: id, Fault: fault, Remaining: -1}
	if fault.Times > 0 {
		state.Remaining = fault.Times
	}
	answerJSON(w, http.StatusCreated, viewFault(state))
}

func (s *Sandbox) serveNoFaults(w http.ResponseWriter, _ *http.Request, _ *query) {
	n := len(s.Faults())
	s.faults.clear()
	answerJSON(w, http.StatusOK, map[string]int{"removed": n})
}

func (s *Sandbox) serveNoFault(w http.ResponseWriter, r *http.Request, _ *query) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || !s.RemoveFault(id) {
		answerError(w, http.StatusNotFound, fmt.Sprintf("there is no fault %q", r.PathValue("id")))
		return
	}
	answerJSON(w, http.StatusOK, map[string]int{"removed": 1})
}
