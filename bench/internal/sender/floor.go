package sender

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"runtime"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// Floor reads records, compresses and posts them, and looks at none: what is
// left of the work when nobody converts, checks or numbers anything.
func Floor(settings Settings) error {
	file, err := os.Open(settings.File)
	if err != nil {
		return err
	}
	defer file.Close()
	records := make(chan []byte, runtime.GOMAXPROCS(0))
	errs := make(chan error, runtime.GOMAXPROCS(0))
	var posting sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		posting.Go(func() {
			poster := newPoster(settings.Endpoint)
			for record := range records {
				if err := poster.post(record); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	err = readRecords(file, func(record []byte) error {
		select {
		case records <- record:
			return nil
		case err := <-errs:
			return err
		}
	})
	close(records)
	posting.Wait()
	close(errs)
	return errors.Join(err, <-errs)
}

// readRecords cuts the file at its empty lines. Every record is a copy, which
// its poster may write on.
func readRecords(file io.Reader, do func([]byte) error) error {
	const longestRecord = 64 << 20
	records := bufio.NewScanner(file)
	records.Buffer(make([]byte, 1<<20), longestRecord)
	records.Split(func(data []byte, isEnd bool) (int, []byte, error) {
		if record, _, isCut := bytes.Cut(data, []byte("\n\n")); isCut {
			return len(record) + 2, record, nil
		}
		if isEnd && len(data) > 0 {
			return len(data), data, nil
		}
		return 0, nil, nil
	})
	for records.Scan() {
		if err := do(bytes.Clone(records.Bytes())); err != nil {
			return err
		}
	}
	return records.Err()
}

// poster sends one request after the other, with a writer and a buffer that
// stay.
type poster struct {
	endpoint   string
	body       bytes.Buffer
	compressor *gzip.Writer
}

func newPoster(endpoint string) *poster {
	p := &poster{endpoint: endpoint + "/v1/batch"}
	// The level is one that there is.
	p.compressor, _ = gzip.NewWriterLevel(&p.body, gzip.BestSpeed)
	return p
}

func (p *poster) post(record []byte) error {
	for rest := record; ; {
		at := bytes.IndexByte(rest, '\n')
		if at < 0 {
			break
		}
		rest[at] = ','
		rest = rest[at+1:]
	}
	p.body.Reset()
	p.compressor.Reset(&p.body)
	for _, part := range [][]byte{[]byte(`{"batch":[`), record, []byte(`]}`)} {
		if _, err := p.compressor.Write(part); err != nil {
			return err
		}
	}
	if err := p.compressor.Close(); err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodPost, p.endpoint, bytes.NewReader(p.body.Bytes()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Content-Encoding", "gzip")
	request.SetBasicAuth("bench-write-key", "")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
