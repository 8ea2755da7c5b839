package ordeal

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
)

// Table is what the rounds of each kind came to.
type Table struct {
	mu     sync.Mutex
	kinds  []string
	rows   map[string]Tally
	rounds map[string]int
	broken int
}

// NewTable makes a table with a row for each kind of a plan.
func NewTable(plan []Round) *Table {
	t := &Table{rows: map[string]Tally{}, rounds: map[string]int{}}
	for _, r := range plan {
		if _, exists := t.rows[r.Kind]; !exists {
			t.kinds = append(t.kinds, r.Kind)
			t.rows[r.Kind] = Tally{}
		}
	}
	return t
}

func (t *Table) Add(kind string, got Tally, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rounds[kind]++
	t.rows[kind] = t.rows[kind].Plus(got)
	if err != nil {
		t.broken++
	}
}

// String is the table. Of the columns, the four on the right have to be 0.
func (t *Table) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "rounds\tcalls\tkills\tresent\tmost in flight\tlost\tduplicates\torder violations\tleaked keys\t")
	fmt.Fprintln(w, "\t\t\t\tat a kill\t\tafter de-duplication\t\t\t")
	var all Tally
	rounds := 0
	for _, kind := range t.kinds {
		if t.rounds[kind] == 0 {
			continue
		}
		write(w, t.rounds[kind], t.rows[kind], kind)
		all = all.Plus(t.rows[kind])
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

func write(w *tabwriter.Writer, rounds int, t Tally, kind string) {
	fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%d\t  %s\n",
		rounds, t.Calls, t.Kills, t.Resent, t.MostInFlight, t.Lost, t.Doubled, t.Disorder(), t.Leaked, kind)
}

// Disorder is the number of order violations, or a dash where no call had to
// come in its place: a 0 there would claim what nobody has looked for.
func (v Judgement) Disorder() string {
	if v.Placed == 0 {
		return "-"
	}
	return strconv.Itoa(v.Overtaken)
}

// Fault returns an error unless every round held.
func (t *Table) Fault() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all Tally
	for _, row := range t.rows {
		all = all.Plus(row)
	}
	switch {
	case t.broken > 0:
		return fmt.Errorf("%d rounds are broken", t.broken)
	case all.Leaked > 0:
		return fmt.Errorf("the write key leaked %d times", all.Leaked)
	default:
		return all.Judgement.Fault()
	}
}
