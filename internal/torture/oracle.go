package main

import "fmt"

// An acceptance is one call that Segment's stand-in has taken.
type acceptance struct {
	step
	ID string `json:"id"`
	// Process counts the processes that deliver, in the order of their start.
	Process int `json:"process"`
}

// A judgement says what became of events, by what the stand-in accepted.
type judgement struct {
	calls int
	// lost were never accepted, or under an id that another event has.
	lost int
	// resent were accepted more than once. Segment drops all but the first.
	resent int
	// doubled remain after that: they came under two ids.
	doubled int
	// placed are those that had to come in their place. The others were allowed
	// to be late.
	placed int
	// overtaken of these were accepted for the first time after a later call of
	// the same person.
	overtaken int
	// strange are calls that nobody has put in.
	strange int
}

func (v judgement) plus(w judgement) judgement {
	return judgement{
		calls: v.calls + w.calls, lost: v.lost + w.lost, resent: v.resent + w.resent,
		doubled: v.doubled + w.doubled, placed: v.placed + w.placed, overtaken: v.overtaken + w.overtaken,
		strange: v.strange + w.strange,
	}
}

// fault returns an error unless everything arrived, once, in order.
func (v judgement) fault() error {
	if v.lost+v.doubled+v.overtaken+v.strange == 0 {
		return nil
	}
	return fmt.Errorf("of %d calls, %d were lost, %d doubled, %d overtaken and %d strange",
		v.calls, v.lost, v.doubled, v.overtaken, v.strange)
}

// judge compares what was put in with what was accepted, in that order. Calls
// that excused returns true for may be late.
func judge(events []event, accepted []acceptance, excused func(acceptance) bool) judgement {
	v := judgement{calls: len(events)}
	expected := make(map[step]bool, len(events))
	for _, e := range events {
		expected[e.step] = true
	}
	owners, ids, latest := map[string]step{}, map[step]string{}, map[int]int{}
	for _, a := range accepted {
		owner, known := owners[a.ID]
		switch id, arrived := ids[a.step]; {
		case !expected[a.step]:
			v.strange++
			continue
		case known && owner != a.step:
			continue // Segment drops it: it counts as lost unless it came otherwise.
		case known:
			v.resent++
			continue
		case arrived && id != a.ID:
			v.doubled++
		}
		owners[a.ID], ids[a.step] = a.step, a.ID
		if excused(a) {
			continue
		}
		v.placed++
		if last, exists := latest[a.Person]; exists && a.Seq < last {
			v.overtaken++
			continue
		}
		latest[a.Person] = a.Seq
	}
	v.lost = len(expected) - len(ids)
	return v
}

// nobody is what judge takes where every call has to be in its place, anybody
// where the broker promises no order.
func nobody(acceptance) bool  { return false }
func anybody(acceptance) bool { return true }

// tally is what a round, or several, came to.
type tally struct {
	judgement
	kills  int
	leaked int
	// inFlight were accepted and not acknowledged at the kills, mostInFlight at
	// one of them.
	inFlight, mostInFlight int
	// shares are what each process of one round has delivered.
	shares map[int]int
}

func (t tally) plus(u tally) tally {
	return tally{
		judgement:    t.judgement.plus(u.judgement),
		kills:        t.kills + u.kills,
		leaked:       t.leaked + u.leaked,
		inFlight:     t.inFlight + u.inFlight,
		mostInFlight: max(t.mostInFlight, u.mostInFlight),
	}
}
