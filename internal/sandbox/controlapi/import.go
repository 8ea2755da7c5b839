package controlapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"benthos-segment/internal/sandbox/answer"
	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/segment"
)

const (
	// maxImport bounds a file, which is read as a whole: one that cannot be read
	// to its end changes nothing.
	maxImport = 64 << 20
	// importKey is the write key of calls whose file has none.
	importKey = "imported"
)

// importAPI takes calls in from a file.
type importAPI struct {
	// take records calls as one request that was accepted.
	take func(key string, calls []json.RawMessage) *inbox.Request
}

// imported is what became of the calls of a file.
type imported struct {
	Calls      int `json:"calls"`
	Requests   int `json:"requests"`
	Accepted   int `json:"accepted"`
	Discarded  int `json:"discarded"`
	Duplicates int `json:"duplicates"`
}

func (api importAPI) serve(w http.ResponseWriter, r *http.Request, q *query) {
	key := q.text("write_key")
	if key == "" {
		key = importKey
	}
	file, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxImport))
	if err != nil {
		answer.Error(w, http.StatusRequestEntityTooLarge, fmt.Sprintf(
			"reading the file: %v. It may have %d bytes: split it, and import one part after the other", err, maxImport,
		))
		return
	}
	calls, err := callsIn(bytes.TrimPrefix(file, []byte("\xef\xbb\xbf")))
	if err == nil {
		err = checkImport(calls)
	}
	if err != nil {
		answer.Error(w, http.StatusBadRequest, err.Error()+". Nothing was imported")
		return
	}
	var done imported
	for len(calls) > 0 {
		n := batchOf(calls)
		req := api.take(key, calls[:n])
		done.Calls += n
		done.Requests++
		done.Accepted += req.Accepted
		done.Discarded += req.Discarded
		done.Duplicates += req.Duplicates
		calls = calls[n:]
	}
	answer.JSON(w, http.StatusOK, done)
}

// checkImport refuses what no request could bring.
func checkImport(calls []json.RawMessage) error {
	if len(calls) == 0 {
		return fmt.Errorf("there is no call in the file: it has to be NDJSON, a JSON array, a batch, or a HAR document with requests to the Tracking API")
	}
	for i, call := range calls {
		if len(call) > segment.MaxCallBytes {
			return fmt.Errorf("call %d of the file has %d bytes, and Segment accepts at most %d", i+1, len(call), segment.MaxCallBytes)
		}
	}
	return nil
}

// batchOf returns how many of the calls one request takes.
func batchOf(calls []json.RawMessage) int {
	size := 0
	for n, call := range calls {
		size += len(call) + len(",")
		if n == segment.MaxRequestCalls || n > 0 && size > replayBytes {
			return n
		}
	}
	return len(calls)
}
