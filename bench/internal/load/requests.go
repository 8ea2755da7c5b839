package load

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"

	"github.com/klauspost/compress/gzip"
)

// requestsOf makes complete requests of the events.
func requestsOf(p Plan) ([][]byte, error) {
	text, err := os.ReadFile(p.File)
	if err != nil {
		return nil, fmt.Errorf("reading the events: %w", err)
	}
	var all [][]byte
	lines := bytes.Split(text, []byte("\n"))
	for ; len(lines) >= p.Events; lines = lines[p.Events:] {
		body := append([]byte(`{"batch":[`), bytes.Join(lines[:p.Events], []byte(","))...)
		body = append(body, `],"sentAt":"2026-11-20T12:00:00.000Z"}`...)
		encoding := ""
		if p.IsGzip {
			encoding = "Content-Encoding: gzip\r\n"
			if body, err = zipped(body); err != nil {
				return nil, err
			}
		}
		head := fmt.Sprintf("POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n",
			base64.StdEncoding.EncodeToString([]byte(p.WriteKey+":")), encoding, len(body))
		all = append(all, append([]byte(head), body...))
	}
	return all, nil
}

func zipped(body []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(body); err != nil {
		return nil, fmt.Errorf("compressing a request: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compressing a request: %w", err)
	}
	return b.Bytes(), nil
}
