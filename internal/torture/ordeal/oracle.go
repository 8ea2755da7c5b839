package ordeal

import (
	"fmt"
	"time"
)

// An acceptance is one call that Segment's stand-in has taken.
type Acceptance struct {
	Step
	ID string `json:"id"`
	// Process counts the processes that deliver, in the order of their start.
	Process int `json:"process"`
}

// A Judgement says what became of events, by what the stand-in accepted.
type Judgement struct {
	Calls int
	// Lost were never accepted, or under an id that another event has.
	Lost int
	// Resent were accepted more than once. Segment drops all but the first.
	Resent int
	// Doubled remain after that: they came under two ids.
	Doubled int
	// Placed are those that had to come in their place. The others were allowed
	// to be late.
	Placed int
	// Overtaken of these were accepted for the first time after a later call of
	// the same person.
	Overtaken int
	// Strange are calls that nobody has put in.
	Strange int
}

// Plus adds what became of other events.
func (v Judgement) Plus(w Judgement) Judgement {
	return Judgement{
		Calls: v.Calls + w.Calls, Lost: v.Lost + w.Lost, Resent: v.Resent + w.Resent,
		Doubled: v.Doubled + w.Doubled, Placed: v.Placed + w.Placed, Overtaken: v.Overtaken + w.Overtaken,
		Strange: v.Strange + w.Strange,
	}
}

// A BrokenPromise is an error that counts what was lost, doubled or out of
// order, while the round itself could be played.
type BrokenPromise struct{ said string }

func (b *BrokenPromise) Error() string { return b.said }

func broken(format string, args ...any) error {
	return &BrokenPromise{fmt.Sprintf(format, args...)}
}

// Fault returns an error unless everything arrived, once, in order.
func (v Judgement) Fault() error {
	if v.Lost+v.Doubled+v.Overtaken+v.Strange == 0 {
		return nil
	}
	return broken("of %d calls, %d were lost, %d doubled, %d overtaken and %d strange",
		v.Calls, v.Lost, v.Doubled, v.Overtaken, v.Strange)
}

// Judge compares what was put in with what was accepted, in that order. Calls
// that excused returns true for may be late.
func Judge(events []Event, accepted []Acceptance, excused func(Acceptance) bool) Judgement {
	v := Judgement{Calls: len(events)}
	expected := make(map[Step]bool, len(events))
	for _, e := range events {
		expected[e.Step] = true
	}
	owners, ids, latest := map[string]Step{}, map[Step]string{}, map[int]int{}
	for _, a := range accepted {
		owner, known := owners[a.ID]
		switch id, arrived := ids[a.Step]; {
		case !expected[a.Step]:
			v.Strange++
			continue
		case known && owner != a.Step:
			continue // Segment drops it: it counts as lost unless it came otherwise.
		case known:
			v.Resent++
			continue
		case arrived && id != a.ID:
			v.Doubled++
		}
		owners[a.ID], ids[a.Step] = a.Step, a.ID
		if excused(a) {
			continue
		}
		v.Placed++
		if last, exists := latest[a.Person]; exists && a.Seq < last {
			v.Overtaken++
			continue
		}
		latest[a.Person] = a.Seq
	}
	v.Lost = len(expected) - len(ids)
	return v
}

// Nobody is what judge takes where every call has to be in its place, anybody
// where the broker promises no order.
func Nobody(Acceptance) bool  { return false }
func Anybody(Acceptance) bool { return true }

// Tally is what a round, or several, came to.
type Tally struct {
	Judgement
	Kills  int
	Leaked int
	// InFlight were accepted and not acknowledged at the kills, MostInFlight at
	// one of them.
	InFlight, MostInFlight int
	// Shares are what each process of one round has delivered.
	Shares map[int]int
	// Pause is for how long delivery still stood after what went wrong was over,
	// at the most.
	Pause time.Duration
}

// Plus adds the tally of another round.
func (t Tally) Plus(u Tally) Tally {
	return Tally{
		Judgement:    t.Judgement.Plus(u.Judgement),
		Kills:        t.Kills + u.Kills,
		Leaked:       t.Leaked + u.Leaked,
		InFlight:     t.InFlight + u.InFlight,
		MostInFlight: max(t.MostInFlight, u.MostInFlight),
		Pause:        max(t.Pause, u.Pause),
	}
}
