package ingest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/semaphore"
)

var (
	// ErrTooLarge says that a body, before or after decompression, is longer than
	// what is read of any body.
	ErrTooLarge = errors.New("the body is too large to be read")
	// ErrBusy says that the bodies of other requests use all memory for bodies.
	// The same request may be accepted a moment later.
	ErrBusy = errors.New("too many bodies are in memory at once")
)

// EncodingError says that a Content-Encoding is not supported.
type EncodingError struct{ Encoding string }

func (e *EncodingError) Error() string {
	return fmt.Sprintf("content encoding %q is not supported: send gzip or none", e.Encoding)
}

// BodyReader reads bodies within bounds. It is safe for use by several
// goroutines.
type BodyReader struct {
	// keep is how much of a body is kept, read how much of it is read at all,
	// before and after decompression.
	keep, read int64
	memory     *semaphore.Weighted
	buffers    sync.Pool
}

// NewBodyReader returns a reader that keeps bodies of up to keep bytes. It only
// counts the bytes of a longer body, up to read, so that its sender can be told
// how long it is. All bodies together, from Read to Release, take at most memory
// bytes.
func NewBodyReader(keep, read, memory int64) *BodyReader {
	return &BodyReader{keep: min(keep, read), read: read, memory: semaphore.NewWeighted(memory)}
}

// Body is what was read of the body of a request.
type Body struct {
	// Bytes is the body after decompression, nil if it is too long to be kept.
	Bytes []byte
	// Size is the number of bytes after decompression, Wire that before, both as
	// far as they were read.
	Size, Wire int64

	reader *BodyReader
	buf    []byte
	// pooled is what buf came out of the pool in.
	pooled   *[]byte
	reserved int64
}

// Read reads the body of r to its end. The Body has to be released, even if there
// is an error; it says how far the body was read.
func (br *BodyReader) Read(r *http.Request) (*Body, error) {
	b := &Body{reader: br}
	wire := &countingReader{r: r.Body, left: br.read}
	defer func() { b.Wire = br.read - wire.left }()

	switch encoding := ContentEncoding(r.Header); encoding {
	case "", "identity":
		return b, b.fill(wire)
	case "gzip", "x-gzip":
		return b, b.inflate(wire)
	default:
		return b, &EncodingError{encoding}
	}
}

// ContentEncoding returns the encodings of a body in lower case, in the order in
// which they were applied.
func ContentEncoding(h http.Header) string {
	return strings.ToLower(strings.TrimSpace(strings.Join(h.Values("Content-Encoding"), ", ")))
}

var gzipReaders sync.Pool

func (b *Body) inflate(wire io.Reader) error {
	zr, err := openGzip(wire)
	if err != nil {
		return fmt.Errorf("opening gzip body: %w", err)
	}
	defer gzipReaders.Put(zr)
	if err := b.fill(zr); err != nil {
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

// fill reads r to its end, and keeps it unless it is too long.
func (b *Body) fill(r io.Reader) error {
	for {
		if len(b.buf) == cap(b.buf) {
			if err := b.grow(); err != nil {
				return err
			}
		}
		n, err := r.Read(b.buf[len(b.buf):cap(b.buf)])
		b.Size += int64(n)
		switch {
		case b.Size > b.reader.read:
			b.Size = b.reader.read
			return ErrTooLarge
		case b.Size <= b.reader.keep:
			b.buf = b.buf[:len(b.buf)+n]
		default:
			b.buf = b.buf[:0] // It is too long and only counted.
		}
		if errors.Is(err, io.EOF) {
			if b.Size <= b.reader.keep {
				b.Bytes = b.buf
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// grow doubles the buffer, within the memory that all bodies share. It does not
// wait for memory, since bodies that wait for each other would never end.
func (b *Body) grow() error {
	const first = 16 << 10
	if b.buf == nil {
		if pooled, ok := b.reader.buffers.Get().(*[]byte); ok && b.reserve(cap(*pooled)) {
			b.buf, b.pooled = (*pooled)[:0], pooled
			return nil
		}
	}
	// One byte more than what is kept shows that a body is too long.
	size := min(max(2*cap(b.buf), first), int(b.reader.keep)+1)
	if !b.reserve(size - cap(b.buf)) {
		return ErrBusy
	}
	grown := make([]byte, len(b.buf), size)
	copy(grown, b.buf)
	b.buf = grown
	return nil
}

func (b *Body) reserve(n int) bool {
	if !b.reader.memory.TryAcquire(int64(n)) {
		return false
	}
	b.reserved += int64(n)
	return true
}

// Release returns the memory of the body. Bytes must not be used after that.
func (b *Body) Release() {
	// A buffer that grew for an exceptional body is not kept.
	const usual = 1 << 20
	if buf := b.buf; buf != nil && cap(buf) <= usual {
		if b.pooled == nil {
			b.pooled = new([]byte)
		}
		*b.pooled = buf
		b.reader.buffers.Put(b.pooled)
	}
	b.reader.memory.Release(b.reserved)
	b.Bytes, b.buf, b.pooled, b.reserved = nil, nil, nil, 0
}

// countingReader counts down what it reads and refuses to go below zero.
type countingReader struct {
	r    io.Reader
	left int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p[:min(int64(len(p)), c.left+1)])
	if int64(n) > c.left {
		n, c.left = int(c.left), 0
		return n, ErrTooLarge
	}
	c.left -= int64(n)
	return n, err
}
