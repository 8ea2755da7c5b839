package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// expectation is what a client of the assert endpoint holds to be true.
type expectation struct {
	// MessageIDs are those that were sent, in the order in which they have to
	// arrive for each person. Without them nothing can be missing, and order
	// goes by the time that the calls have themselves.
	MessageIDs []string `json:"message_ids"`
	// AllowDuplicates does not hold a call that came again against anyone: it
	// is what at-least-once means.
	AllowDuplicates bool `json:"allow_duplicates"`
}

// verdict is what the calls that are held say of an expectation. The lists are
// cut at a hundred entries; the numbers count everything.
type verdict struct {
	OK      bool `json:"ok"`
	Calls   int  `json:"calls"`
	Persons int  `json:"persons"`

	MissingCount    int          `json:"missing_count"`
	Missing         []string     `json:"missing"`
	UnexpectedCount int          `json:"unexpected_count"`
	Unexpected      []string     `json:"unexpected"`
	DuplicateCount  int          `json:"duplicate_count"`
	Duplicates      []duplicate  `json:"duplicates"`
	DisorderCount   int          `json:"out_of_order_count"`
	Disorder        []outOfOrder `json:"out_of_order"`
	// Incomplete tells that calls made room, so that not all could be looked
	// at, which is no ground for a good verdict.
	Incomplete bool `json:"incomplete,omitempty"`
}

type duplicate struct {
	MessageID string   `json:"message_id"`
	Seqs      []uint64 `json:"seqs"`
}

// outOfOrder is a call that came behind one of the same person that it should
// have come before.
type outOfOrder struct {
	Person    string `json:"person"`
	Seq       uint64 `json:"seq"`
	MessageID string `json:"message_id,omitempty"`
	Behind    uint64 `json:"behind_seq"`
}

func (s *Sandbox) serveAssert(w http.ResponseWriter, r *http.Request, q *query) {
	const longest = 64 << 20
	filter := q.filter()
	if q.refused(w) {
		return
	}
	want, err := readExpectation(http.MaxBytesReader(w, r.Body, longest))
	if err != nil {
		answerError(w, http.StatusBadRequest, err.Error())
		return
	}
	calls, ok := s.matching(w, r, &filter)
	if !ok {
		return
	}
	result := judge(want, valuesOf(calls))
	result.Incomplete = s.Summary().CallsDropped > 0
	result.OK = result.OK && !result.Incomplete
	status := http.StatusOK
	if !result.OK {
		// So that `curl --fail` fails.
		status = http.StatusConflict
	}
	answerJSON(w, status, result)
}

func readExpectation(body io.Reader) (want expectation, err error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return want, fmt.Errorf("reading the body: %w", err)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return want, nil
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&want); err != nil {
		return want, errors.New(`the body must be an object such as {"message_ids":["m1","m2"],"allow_duplicates":true}`)
	}
	return want, nil
}

func judge(want expectation, calls []Call) verdict {
	v := verdict{
		Calls: len(calls), Missing: []string{}, Unexpected: []string{},
		Duplicates: []duplicate{}, Disorder: []outOfOrder{},
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

// findDuplicates notes what came more than once, and returns the first arrivals.
func (v *verdict) findDuplicates(calls []Call) (firsts []Call) {
	seqs := map[string][]uint64{}
	for _, call := range calls {
		if call.MessageID == "" || seqs[call.MessageID] == nil {
			firsts = append(firsts, call)
		}
		if call.MessageID != "" {
			seqs[call.MessageID] = append(seqs[call.MessageID], call.Seq)
		}
	}
	for i := range firsts {
		id := firsts[i].MessageID
		if len(seqs[id]) > 1 {
			v.DuplicateCount += len(seqs[id]) - 1
			v.Duplicates = appendSome(v.Duplicates, duplicate{id, seqs[id]})
		}
	}
	return firsts
}

// compare notes what is missing and what nobody sent.
func (v *verdict) compare(wanted []string, place map[string]int, firsts []Call) {
	if len(wanted) == 0 {
		return
	}
	came := make(map[string]bool, len(firsts))
	for i := range firsts {
		id := firsts[i].MessageID
		came[id] = true
		if place[id] == 0 {
			v.UnexpectedCount++
			v.Unexpected = appendSome(v.Unexpected, id)
		}
	}
	for _, id := range wanted {
		if !came[id] {
			v.MissingCount++
			v.Missing = appendSome(v.Missing, id)
			came[id] = true // An id that is wanted twice is missing once.
		}
	}
}

// findDisorder notes the calls that came behind one of the same person that
// should have come after them.
func (v *verdict) findDisorder(place map[string]int, firsts []Call) {
	type latest struct {
		rank int64
		seq  uint64
	}
	ids := newIdentities(firsts)
	last := map[string]latest{}
	for i := range firsts {
		call := &firsts[i]
		person := ids.personOf(call)
		rank, known := rankOf(place, call)
		if person == "" {
			continue
		}
		before, seen := last[person]
		if known && seen && rank < before.rank {
			v.DisorderCount++
			v.Disorder = appendSome(v.Disorder, outOfOrder{person, call.Seq, call.MessageID, before.seq})
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
