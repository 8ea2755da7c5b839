package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

var (
	bodyBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	gzipReaders sync.Pool
)

// releaseBuffer gives a buffer back, unless it grew for an exceptional body.
func releaseBuffer(buf *bytes.Buffer) {
	const usual = 1 << 20
	if buf.Cap() <= usual {
		bodyBuffers.Put(buf)
	}
}

// errBodyTooLarge tells that a body, or what it inflates to, is beyond what the
// sandbox reads at all.
var errBodyTooLarge = errors.New("the body is too large to be read")

// readBody reads the body of r into buf, decompressed, and returns how many
// bytes came over the wire. Neither side of the decompression grows beyond
// limit, so that a small bomb stays small.
func readBody(r *http.Request, buf *bytes.Buffer, limit int64) (onWire int64, err error) {
	wire := &countingReader{r: r.Body, left: limit}
	defer func() { onWire = limit - wire.left }()

	switch encoding := contentEncoding(r.Header); encoding {
	case "", "identity":
		return 0, readBounded(buf, wire, limit)
	case "gzip", "x-gzip":
		return 0, inflate(buf, wire, limit)
	default:
		// Segment documents no 415, so this is a 400 as everything undecodable.
		return 0, fmt.Errorf("content encoding %q is not known here: send gzip or none", encoding)
	}
}

func inflate(buf *bytes.Buffer, wire io.Reader, limit int64) error {
	zr, err := openGzip(wire)
	if err != nil {
		return fmt.Errorf("opening gzip body: %w", err)
	}
	defer gzipReaders.Put(zr)
	if err := readBounded(buf, zr, limit); err != nil {
		return fmt.Errorf("inflating gzip body: %w", err)
	}
	return nil
}

func openGzip(wire io.Reader) (*gzip.Reader, error) {
	zr, pooled := gzipReaders.Get().(*gzip.Reader)
	if !pooled {
		return gzip.NewReader(wire)
	}
	if err := zr.Reset(wire); err != nil {
		gzipReaders.Put(zr)
		return nil, err
	}
	return zr, nil
}

// readBounded reads r to its end, or to one byte beyond limit to learn that it
// is too long.
func readBounded(buf *bytes.Buffer, r io.Reader, limit int64) error {
	n, err := buf.ReadFrom(io.LimitReader(r, limit+1))
	if err != nil {
		return err
	}
	if n > limit {
		buf.Truncate(int(limit))
		return errBodyTooLarge
	}
	return nil
}

// countingReader counts down what it reads and refuses to go below nothing.
type countingReader struct {
	r    io.Reader
	left int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p[:min(int64(len(p)), c.left+1)])
	if int64(n) > c.left {
		c.left = 0
		return 0, errBodyTooLarge
	}
	c.left -= int64(n)
	return n, err
}

func contentEncoding(h http.Header) string {
	return strings.ToLower(strings.TrimSpace(strings.Join(h.Values("Content-Encoding"), ", ")))
}
