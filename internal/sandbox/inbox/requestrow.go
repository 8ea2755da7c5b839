package inbox

import "slices"

// RequestRow is a request in short, as lists of requests show it.
type RequestRow struct {
	Seq         uint64 `json:"seq"`
	At          int64  `json:"at"` // milliseconds since 1970
	Method      string `json:"method"`
	Path        string `json:"path"`
	Status      int    `json:"status"`
	Calls       int    `json:"calls"`
	Accepted    int    `json:"accepted"`
	Discarded   int    `json:"discarded"`
	Duplicates  int    `json:"duplicates"`
	BytesOnWire int64  `json:"bytes_on_wire"`
	// Attempt counts from 1, by X-Retry-Count.
	Attempt int `json:"attempt"`
	// Wait is how many milliseconds the sender let pass after the failed request
	// that had the same first call. Before names that request, and is 0 if there
	// is none.
	Wait   int64  `json:"wait_ms,omitempty"`
	Before uint64 `json:"before,omitempty"`
	// Why says why it was refused, or which fault struck it.
	Why string `json:"why,omitempty"`
}

// Reason says why the request was refused, or which fault struck it.
func (r *Request) Reason() string {
	if r.Fault != nil {
		return r.Fault.String()
	}
	return Clip(r.Refusal, maxRowText)
}

// farthest bounds how many failed requests are searched for the attempt before.
const farthest = 200

// RequestRows returns requests in short. All are those held, in the order of
// arrival; the attempts before the chosen ones are among them.
func RequestRows(chosen, all []*Request) []RequestRow {
	var failed []*Request
	for _, req := range all {
		if req.Status/100 != 2 || req.Fault != nil {
			failed = append(failed, req)
		}
	}
	rows := make([]RequestRow, len(chosen))
	for i, req := range chosen {
		rows[i] = req.row()
		if before := req.before(failed); before != nil {
			rows[i].Before = before.Seq
			rows[i].Wait = max(req.ReceivedAt.Sub(before.ReceivedAt).Milliseconds(), 0)
		}
	}
	return rows
}

func (r *Request) row() RequestRow {
	return RequestRow{
		Seq: r.Seq, At: r.ReceivedAt.UnixMilli(), Method: r.Method, Path: Clip(r.Path, maxRowText), Status: r.Status,
		Calls: r.Calls, Accepted: r.Accepted, Discarded: r.Discarded, Duplicates: r.Duplicates,
		BytesOnWire: r.BytesOnWire, Attempt: r.attempt(), Why: r.Reason(),
	}
}

// before returns the last failed request that brought the first call of this one,
// nil if there is none. A batch that was halved begins with any call of it.
func (r *Request) before(failed []*Request) *Request {
	first := slices.IndexFunc(r.MessageIDs, func(id string) bool { return id != "" })
	if first < 0 {
		return nil
	}
	end, _ := slices.BinarySearchFunc(failed, r.Seq, func(f *Request, seq uint64) int { return int(f.Seq) - int(seq) })
	for i := end - 1; i >= max(0, end-farthest); i-- {
		if slices.Contains(failed[i].MessageIDs, r.MessageIDs[first]) {
			return failed[i]
		}
	}
	return nil
}
