package sandbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fault is a failure to inject: one of Status, Drop, LostAck and Truncate, or
// none of them with a Delay, and whom it strikes.
type Fault struct {
	// Status answers with this status and accepts nothing. Only with a 2xx are
	// the calls accepted, as that is what the sender must take it for; with
	// Body it makes a strange success.
	Status int
	// RetryAfter, Header and Body go with Status.
	RetryAfter string
	Header     map[string]string
	Body       string
	// Drop cuts the connection without an answer and accepts nothing.
	Drop bool
	// LostAck accepts the calls and cuts the connection before the answer.
	LostAck bool
	// Truncate accepts the calls, begins to say so with a 200, and cuts the
	// connection in the middle of the body.
	Truncate bool
	// Delay passes before anything is accepted or answered. A sender that
	// does not wait so long gets nothing accepted.
	Delay time.Duration

	// Times is how often the fault strikes, 0 for as often as it matches.
	Times int
	// Probability is the chance to strike, 0 for always. The same Seed gives
	// the same row of chances for the matching requests in their order.
	Probability float64
	Seed        uint64
	// Match chooses the requests: those with at least one call that meets it.
	Match Match
}

// validate says what is wrong with the fault in words of the JSON API.
func (f *Fault) validate() error {
	effects := 0
	for _, is := range []bool{f.Status != 0, f.Drop, f.LostAck, f.Truncate} {
		if is {
			effects++
		}
	}
	switch {
	case effects > 1:
		return errors.New("status, drop, lost_ack and truncate exclude each other: inject one fault for each")
	case effects == 0 && f.Delay == 0:
		return errors.New("a fault needs one of status, drop, lost_ack, truncate or delay")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status must be from 200 to 599, not %d", f.Status)
	case f.Status == 0 && (f.RetryAfter != "" || f.Body != "" || len(f.Header) > 0):
		return errors.New("retry_after, headers and body need a status to go with")
	case f.Delay < 0:
		return errors.New("delay must not be negative")
	case f.Times < 0:
		return errors.New("times must not be negative")
	case f.Probability < 0 || f.Probability > 1:
		return fmt.Errorf("probability must be from 0 to 1, not %v", f.Probability)
	}
	return f.Match.validate()
}

func (f *Fault) accepts() bool {
	return !f.Drop && (f.Status == 0 || f.Status/100 == 2)
}

// effect names what the fault does, for the journal.
func (f *Fault) effect() string {
	var parts []string
	if f.Delay > 0 {
		parts = append(parts, "delay "+f.Delay.String())
	}
	switch {
	case f.Drop:
		parts = append(parts, "drop")
	case f.LostAck:
		parts = append(parts, "lost_ack")
	case f.Truncate:
		parts = append(parts, "truncate")
	case f.Status != 0:
		parts = append(parts, "status "+strconv.Itoa(f.Status))
	}
	return strings.Join(parts, ", ")
}

// sandboxed keeps what is answered under the Tracking API from being a page of
// the sandbox's origin, which may use its control API: a fault answers with any
// body and header.
func sandboxed(w http.ResponseWriter) {
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
	w.Header().Set("X-Content-Type-Options", "nosniff")
}

// answer writes the answer of a fault that has a status.
func (f *Fault) answer(w http.ResponseWriter) {
	for name, value := range f.Header {
		w.Header().Set(name, value)
	}
	sandboxed(w)
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	switch {
	case f.Body != "":
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte(f.Body))
	case f.Status/100 == 2:
		answerJSON(w, f.Status, success)
	default:
		answerJSON(w, f.Status, failure{Code: "fault", Message: "an injected fault: " + f.effect()})
	}
}

// FaultState is a fault in place and what it did so far.
type FaultState struct {
	ID int
	Fault
	// Hits counts how often it struck. Remaining is how often it still will,
	// -1 for no end.
	Hits      int
	Remaining int

	// ended is closed when the fault is removed.
	ended <-chan struct{}
}

// wait waits out the delay, or until the fault is removed: what it held up goes
// on then. It reports false where the sender gave up before.
func (f *FaultState) wait(ctx context.Context) bool {
	if f.Delay <= 0 {
		return true
	}
	timer := time.NewTimer(f.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-f.ended:
		return true
	case <-ctx.Done():
		return false
	}
}

// maxFaults bounds the faults in place: each request is held against all of
// them, and each reader of the events is told of them.
const maxFaults = 1_000

var errTooManyFaults = fmt.Errorf("there may be %d faults at once: end some of them first", maxFaults)

// faults is the list of faults in place, in order of their creation.
type faults struct {
	mu     sync.Mutex
	lastID int
	list   []*activeFault
}

type activeFault struct {
	id, hits int
	Fault
	dice  *rand.Rand
	ended chan struct{}
}

func (a *activeFault) setFault(f Fault) {
	a.Fault = f
	a.dice = rand.New(rand.NewPCG(f.Seed, 0))
}

// strikes rolls the dice for a request that the fault meets; other requests do
// not change the outcome.
func (a *activeFault) strikes() bool {
	return !a.isUsedUp() && (a.Probability == 0 || a.dice.Float64() < a.Probability)
}

func (a *activeFault) isUsedUp() bool { return a.Times > 0 && a.hits >= a.Times }

// meets reports whether a request has a call that meets the whole match.
func (m *Match) meets(req *Request, calls []Call) bool {
	if !m.matchesRequest(req.Path, req.WriteKey) {
		return false
	}
	if m.isRequestOnly() {
		return true
	}
	for i := range calls {
		if m.matchesContent(&calls[i]) {
			return true
		}
	}
	return false
}

func (a *activeFault) state() FaultState {
	remaining := -1
	if a.Times > 0 {
		remaining = max(a.Times-a.hits, 0)
	}
	return FaultState{ID: a.id, Fault: a.Fault, Hits: a.hits, Remaining: remaining, ended: a.ended}
}

func (fs *faults) add(f Fault) (id int, err error) {
	if err := f.validate(); err != nil {
		return 0, err
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if len(fs.list) >= maxFaults {
		return 0, errTooManyFaults
	}
	return fs.append(f), nil
}

// replace puts faults in place of all that there are, or none of them where one
// is wrong.
func (fs *faults) replace(list []Fault) error {
	for i := range list {
		if err := list[i].validate(); err != nil {
			return fmt.Errorf("fault %d: %w", i, err)
		}
	}
	if len(list) > maxFaults {
		return errTooManyFaults
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.clearLocked()
	for _, f := range list {
		fs.append(f)
	}
	return nil
}

func (fs *faults) append(f Fault) (id int) {
	fs.lastID++
	active := &activeFault{id: fs.lastID, ended: make(chan struct{})}
	active.setFault(f)
	fs.list = append(fs.list, active)
	return active.id
}

// size is what the texts of a fault take.
func (f *Fault) size() int {
	n := len(f.Body) + len(f.RetryAfter)
	for name, value := range f.Header {
		n += len(name) + len(value)
	}
	m := &f.Match
	return n + len(m.Type) + len(m.User) + len(m.Event) + len(m.Group) + len(m.MessageID) + len(m.WriteKey) + len(m.Path) + len(m.Text)
}

// change alters a fault in place. The row of its chances begins anew.
func (fs *faults) change(id int, alter func(*Fault)) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, active := range fs.list {
		if active.id != id {
			continue
		}
		f := active.Fault
		alter(&f)
		if err := f.validate(); err != nil {
			return err
		}
		active.setFault(f)
		return nil
	}
	return fmt.Errorf("there is no fault %d", id)
}

// take returns the fault that strikes a request, nil for none: of those that
// are not used up and match, the one created first.
//
// A match may take its time over the text of many calls, so that it is looked
// at without the lock. A fault that is altered meanwhile goes by its old match.
func (fs *faults) take(req *Request, calls []Call) *FaultState {
	met := map[*activeFault]bool{}
	for _, candidate := range fs.candidates() {
		if candidate.match.meets(req, calls) {
			met[candidate.fault] = true
		}
	}
	if len(met) == 0 {
		return nil
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, active := range fs.list {
		if met[active] && active.strikes() {
			active.hits++
			state := active.state()
			return &state
		}
	}
	return nil
}

type candidate struct {
	fault *activeFault
	match Match
}

// candidates are the faults that may strike, with their matches as they are.
func (fs *faults) candidates() []candidate {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var list []candidate
	for _, active := range fs.list {
		if !active.isUsedUp() {
			list = append(list, candidate{active, active.Match})
		}
	}
	return list
}

func (fs *faults) states() []FaultState {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	states := make([]FaultState, len(fs.list))
	for i, active := range fs.list {
		states[i] = active.state()
	}
	return states
}

func (fs *faults) state(id int) (FaultState, bool) {
	for _, state := range fs.states() {
		if state.ID == id {
			return state, true
		}
	}
	return FaultState{}, false
}

func (fs *faults) remove(id int) bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for i, active := range fs.list {
		if active.id == id {
			close(active.ended)
			fs.list = append(fs.list[:i], fs.list[i+1:]...)
			return true
		}
	}
	return false
}

func (fs *faults) clear() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.clearLocked()
}

func (fs *faults) clearLocked() {
	for _, active := range fs.list {
		close(active.ended)
	}
	fs.list = nil
}

// Inject puts a fault in place and returns its id. Of several faults that
// match a request, the one injected first strikes.
func (s *Sandbox) Inject(f Fault) (id int, err error) { return s.faults.add(f) }

// Faults returns the faults in place in the order they were injected, also
// those that are used up.
func (s *Sandbox) Faults() []FaultState { return s.faults.states() }

// RemoveFault ends a fault and reports whether there was one of that id.
func (s *Sandbox) RemoveFault(id int) bool { return s.faults.remove(id) }
