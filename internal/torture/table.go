package main

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
)

// table is what the rounds of each kind came to.
type table struct {
	mu     sync.Mutex
	kinds  []string
	rows   map[string]tally
	rounds map[string]int
	broken int
}

func newTable(plan []round) *table {
	t := &table{rows: map[string]tally{}, rounds: map[string]int{}}
	for _, r := range plan {
		if _, exists := t.rows[r.kind]; !exists {
			t.kinds = append(t.kinds, r.kind)
			t.rows[r.kind] = tally{}
		}
	}
	return t
}

func (t *table) add(kind string, got tally, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rounds[kind]++
	t.rows[kind] = t.rows[kind].plus(got)
	if err != nil {
		t.broken++
	}
}

// String is the table. Of the columns, the four on the right have to be 0.
func (t *table) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "rounds\tcalls\tkills\tresent\tmost in flight\tlost\tduplicates\torder violations\tleaked keys\t")
	fmt.Fprintln(w, "\t\t\t\tat a kill\t\tafter de-duplication\t\t\t")
	var all tally
	rounds := 0
	for _, kind := range t.kinds {
		if t.rounds[kind] == 0 {
			continue
		}
		write(w, t.rounds[kind], t.rows[kind], kind)
		all = all.plus(t.rows[kind])
		rounds += t.rounds[kind]
	}
	write(w, rounds, all, "all")
	_ = w.Flush() // to memory
	fmt.Fprintln(&b, "\n-: the broker promises no order there, so that none is judged")
	if t.broken > 0 {
		fmt.Fprintf(&b, "\n%d rounds are BROKEN, see above\n", t.broken)
	}
	return b.String()
}

func write(w *tabwriter.Writer, rounds int, t tally, kind string) {
	fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%d\t  %s\n",
		rounds, t.calls, t.kills, t.resent, t.mostInFlight, t.lost, t.doubled, t.disorder(), t.leaked, kind)
}

// disorder is the number of order violations, or a dash where no call had to
// come in its place: a 0 there would claim what nobody has looked for.
func (v judgement) disorder() string {
	if v.placed == 0 {
		return "-"
	}
	return strconv.Itoa(v.overtaken)
}

// fault returns an error unless every round held.
func (t *table) fault() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all tally
	for _, row := range t.rows {
		all = all.plus(row)
	}
	switch {
	case t.broken > 0:
		return fmt.Errorf("%d rounds are broken", t.broken)
	case all.leaked > 0:
		return fmt.Errorf("the write key leaked %d times", all.leaked)
	default:
		return all.judgement.fault()
	}
}
