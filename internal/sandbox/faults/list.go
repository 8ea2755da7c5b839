package faults

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"benthos-segment/internal/sandbox/inbox"
)

// maxFaults bounds the faults in a list: each request is compared with all of
// them, and each reader of the events is told about them.
const maxFaults = 1_000

var errTooManyFaults = fmt.Errorf("there may be at most %d faults at once: end some of them first", maxFaults)

// List is the faults that were injected, in the order of their injection. Of
// several faults that match a request, the first one strikes. The zero value is
// an empty list. It is safe for use by several goroutines.
type List struct {
	mu     sync.Mutex
	lastID int
	faults []*injected
}

type injected struct {
	id, hits int
	Fault
	dice  *rand.Rand
	ended chan struct{}
}

func (in *injected) set(f Fault) {
	in.Fault = f
	in.dice = rand.New(rand.NewPCG(f.Seed, 0))
}

// strikes rolls the dice for a request that matches. Other requests do not
// change the outcome.
func (in *injected) strikes() bool {
	return !in.isUsedUp() && (in.Probability == 0 || in.dice.Float64() < in.Probability)
}

func (in *injected) isUsedUp() bool { return in.Times > 0 && in.hits >= in.Times }

func (in *injected) state() State {
	remaining := -1
	if in.Times > 0 {
		remaining = max(in.Times-in.hits, 0)
	}
	return State{ID: in.id, Fault: in.Fault, Hits: in.hits, Remaining: remaining, ended: in.ended}
}

// Add injects a fault and returns its id.
func (l *List) Add(f Fault) (id int, err error) {
	if err := f.validate(); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.faults) >= maxFaults {
		return 0, errTooManyFaults
	}
	return l.append(f), nil
}

// Replace injects faults in place of all others. If one of them is invalid, it
// changes nothing.
func (l *List) Replace(list []Fault) error {
	for i := range list {
		if err := list[i].validate(); err != nil {
			return fmt.Errorf("fault %d: %w", i, err)
		}
	}
	if len(list) > maxFaults {
		return errTooManyFaults
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
	for _, f := range list {
		l.append(f)
	}
	return nil
}

func (l *List) append(f Fault) (id int) {
	l.lastID++
	in := &injected{id: l.lastID, ended: make(chan struct{})}
	in.set(f)
	l.faults = append(l.faults, in)
	return in.id
}

// Change alters a fault that was injected. Its sequence of chances starts again.
func (l *List) Change(id int, alter func(*Fault)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.indexOf(id)
	if i < 0 {
		return fmt.Errorf("there is no fault %d", id)
	}
	f := l.faults[i].Fault
	alter(&f)
	if err := f.validate(); err != nil {
		return err
	}
	l.faults[i].set(f)
	return nil
}

func (l *List) indexOf(id int) int {
	return slices.IndexFunc(l.faults, func(in *injected) bool { return in.id == id })
}

// Strike returns the fault that strikes a request, nil for none.
//
// Matching the text of many calls takes time, so it is done without the lock. A
// fault that is altered meanwhile is matched as it was.
func (l *List) Strike(req *inbox.Request, calls []inbox.Call) *State {
	matching := map[*injected]bool{}
	for _, c := range l.candidates() {
		if c.match.MatchesRequest(req, calls) {
			matching[c.fault] = true
		}
	}
	if len(matching) == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, in := range l.faults {
		if matching[in] && in.strikes() {
			in.hits++
			state := in.state()
			return &state
		}
	}
	return nil
}

// StrikePath returns the fault that strikes a request which brings no calls, nil
// for none. Only a fault that names its path strikes it, or one that names what
// the path is below.
func (l *List) StrikePath(path, above string) *State {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, in := range l.faults {
		if (in.Match.Path == path || in.Match.Path == above) && in.strikes() {
			in.hits++
			state := in.state()
			return &state
		}
	}
	return nil
}

type candidate struct {
	fault *injected
	match inbox.Match
}

// candidates are the faults that may strike, with their present matches.
func (l *List) candidates() []candidate {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []candidate
	for _, in := range l.faults {
		if !in.isUsedUp() {
			list = append(list, candidate{in, in.Match})
		}
	}
	return list
}

// States returns the faults, including those that are used up.
func (l *List) States() []State {
	l.mu.Lock()
	defer l.mu.Unlock()
	states := make([]State, len(l.faults))
	for i, in := range l.faults {
		states[i] = in.state()
	}
	return states
}

// State returns the fault of that id, if there is one.
func (l *List) State(id int) (State, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.indexOf(id)
	if i < 0 {
		return State{}, false
	}
	return l.faults[i].state(), true
}

// Remove ends a fault and reports whether there was one of that id.
func (l *List) Remove(id int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.indexOf(id)
	if i < 0 {
		return false
	}
	close(l.faults[i].ended)
	l.faults = slices.Delete(l.faults, i, i+1)
	return true
}

// Clear ends all faults and returns how many there were.
func (l *List) Clear() (ended int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.clear()
}

func (l *List) clear() (ended int) {
	ended = len(l.faults)
	for _, in := range l.faults {
		close(in.ended)
	}
	l.faults = nil
	return ended
}
