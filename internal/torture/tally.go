package main

// tally is what a round, or several, came to.
type tally struct {
	verdict
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
		verdict:      t.verdict.plus(u.verdict),
		kills:        t.kills + u.kills,
		leaked:       t.leaked + u.leaked,
		inFlight:     t.inFlight + u.inFlight,
		mostInFlight: max(t.mostInFlight, u.mostInFlight),
	}
}
