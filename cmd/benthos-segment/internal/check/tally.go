package check

import (
	"cmp"
	"maps"
	"slices"
)

// maxNames bounds how many names are told apart: where ids are used as names,
// there is no end of them.
const maxNames = 10_000

// tally counts names.
type tally struct {
	counts map[string]int
	// others counts what has another name than the first maxNames.
	others int
}

func (t *tally) add(name string) {
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	if _, isKnown := t.counts[name]; !isKnown && len(t.counts) == maxNames {
		t.others++
		return
	}
	t.counts[name]++
}

// counted is a name and how often it came.
type counted struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// list returns the names, the most frequent first.
func (t *tally) list() []counted {
	all := make([]counted, 0, len(t.counts))
	for _, name := range slices.Collect(maps.Keys(t.counts)) {
		all = append(all, counted{name, t.counts[name]})
	}
	slices.SortFunc(all, func(a, b counted) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	return all
}
