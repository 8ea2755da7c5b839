package guarantees_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
)

// unzipped reads the body of a request as any server would.
func unzipped(req *http.Request) io.Reader {
	if req.Header.Get("Content-Encoding") != "gzip" {
		return req.Body
	}
	reader, err := gzip.NewReader(req.Body)
	if err != nil {
		return failingReader{err}
	}
	return reader
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

var messageID = regexp.MustCompile(`"messageId":"([^"]+)"`)

// idsIn returns the message ids in a body, in their order.
func idsIn(body []byte) (ids []string) {
	for _, match := range messageID.FindAllSubmatch(body, -1) {
		ids = append(ids, string(match[1]))
	}
	return ids
}
