package inbox

import (
	"context"
	"time"
)

// Expectation is what somebody expects of the calls that arrived.
type Expectation struct {
	// MessageIDs are those that were sent, in the order in which they have to
	// arrive for each person. Without them nothing can be missing, and the order
	// is that of the calls' own timestamps.
	MessageIDs []string `json:"message_ids"`
	// AllowDuplicates accepts calls that arrived again, as at-least-once
	// delivery does.
	AllowDuplicates bool `json:"allow_duplicates"`
}

// Judgement says whether the calls held meet an expectation. The lists are cut at
// a hundred entries; the counts are of everything.
type Judgement struct {
	OK      bool `json:"ok"`
	Calls   int  `json:"calls"`
	Persons int  `json:"persons"`

	MissingCount    int          `json:"missing_count"`
	Missing         []string     `json:"missing"`
	UnexpectedCount int          `json:"unexpected_count"`
	Unexpected      []string     `json:"unexpected"`
	DuplicateCount  int          `json:"duplicate_count"`
	Duplicates      []Duplicate  `json:"duplicates"`
	DisorderCount   int          `json:"out_of_order_count"`
	Disorder        []OutOfOrder `json:"out_of_order"`
	// Incomplete says that calls were evicted, so that not all could be checked.
	// The judgement is not OK then.
	Incomplete bool `json:"incomplete,omitempty"`
}

// Duplicate is a message id that arrived more than once.
type Duplicate struct {
	MessageID string   `json:"message_id"`
	Seqs      []uint64 `json:"seqs"`
}

// OutOfOrder is a call that arrived after one of the same person that it should
// have preceded.
type OutOfOrder struct {
	Person    string `json:"person"`
	Seq       uint64 `json:"seq"`
	MessageID string `json:"message_id,omitempty"`
	Behind    uint64 `json:"behind_seq"`
}

// Judge compares the calls that match the filter with an expectation.
func (b *Inbox) Judge(ctx context.Context, f *Filter, want Expectation) (Judgement, error) {
	calls, err := b.Matching(ctx, f)
	if err != nil {
		return Judgement{}, err
	}
	v := judge(want, calls)
	v.Incomplete = b.Summary().CallsDropped > 0
	v.OK = v.OK && !v.Incomplete
	return v, nil
}

func judge(want Expectation, calls []*Call) Judgement {
	v := Judgement{
		Calls: len(calls), Missing: []string{}, Unexpected: []string{},
		Duplicates: []Duplicate{}, Disorder: []OutOfOrder{},
	}
	place := make(map[string]int, len(want.MessageIDs))
	for i, id := range want.MessageIDs {
		place[id] = i + 1
	}
	firsts := v.findDuplicates(calls)
	v.compare(want.MessageIDs, place, firsts)
	v.findDisorder(place, firsts)
	v.OK = v.MissingCount == 0 && v.UnexpectedCount == 0 && v.DisorderCount == 0 &&
		(want.AllowDuplicates || v.DuplicateCount == 0)
	return v
}

// findDuplicates notes what arrived more than once, and returns the first
// arrivals.
func (v *Judgement) findDuplicates(calls []*Call) (firsts []*Call) {
	seqs := map[string][]uint64{}
	for _, call := range calls {
		if call.MessageID == "" || seqs[call.MessageID] == nil {
			firsts = append(firsts, call)
		}
		if call.MessageID != "" {
			seqs[call.MessageID] = append(seqs[call.MessageID], call.Seq)
		}
	}
	for _, call := range firsts {
		id := call.MessageID
		if len(seqs[id]) > 1 {
			v.DuplicateCount += len(seqs[id]) - 1
			v.Duplicates = appendSome(v.Duplicates, Duplicate{id, seqs[id]})
		}
	}
	return firsts
}

// compare notes what is missing and what nobody sent.
func (v *Judgement) compare(wanted []string, place map[string]int, firsts []*Call) {
	if len(wanted) == 0 {
		return
	}
	arrived := make(map[string]bool, len(firsts))
	for _, call := range firsts {
		id := call.MessageID
		arrived[id] = true
		if place[id] == 0 {
			v.UnexpectedCount++
			v.Unexpected = appendSome(v.Unexpected, id)
		}
	}
	for _, id := range wanted {
		if !arrived[id] {
			v.MissingCount++
			v.Missing = appendSome(v.Missing, id)
			arrived[id] = true // An id that is wanted twice is missing once.
		}
	}
}

// findDisorder notes the calls that arrived after one of the same person that
// they should have preceded.
func (v *Judgement) findDisorder(place map[string]int, firsts []*Call) {
	type latest struct {
		rank int64
		seq  uint64
	}
	everyone := joinPeople(firsts)
	last := map[string]latest{}
	for _, call := range firsts {
		person := everyone.of(call)
		rank, known := rankOf(place, call)
		if person == "" {
			continue
		}
		before, seen := last[person]
		if known && seen && rank < before.rank {
			v.DisorderCount++
			v.Disorder = appendSome(v.Disorder, OutOfOrder{person, call.Seq, call.MessageID, before.seq})
			continue
		}
		if known || !seen {
			last[person] = latest{rank, call.Seq}
		}
	}
	v.Persons = len(last)
}

// rankOf returns where a call belongs among those of its person.
func rankOf(place map[string]int, c *Call) (rank int64, known bool) {
	if len(place) > 0 {
		return int64(place[c.MessageID]), place[c.MessageID] > 0
	}
	at, err := time.Parse(time.RFC3339, c.Timestamp)
	return at.UnixNano(), err == nil
}

func appendSome[T any](list []T, entry T) []T {
	const enough = 100
	if len(list) >= enough {
		return list
	}
	return append(list, entry)
}
