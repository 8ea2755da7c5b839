package sink

import (
	"encoding/json"
	"net/http"
)

// Answers holds when the answer to each event left, by the index of the event,
// in nanoseconds from 1970.
type Answers map[uint64]int64

func (s *Sink) answers(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	answers, err := answersTo(s.requests)
	s.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(answers)
}

func answersTo(requests []*request) (Answers, error) {
	answers := Answers{}
	for _, request := range requests {
		if request.answered.IsZero() {
			continue
		}
		text, err := request.text()
		if err != nil {
			return nil, err
		}
		at := request.answered.UnixNano()
		for _, index := range indexes(text) {
			if before, isKnown := answers[index]; !isKnown || at < before {
				answers[index] = at
			}
		}
	}
	return answers, nil
}
