package documents

import (
	"context"
	"io"
)

// Interruptible returns a reader that ends with the error of a context when that
// ends, also while it waits for a terminal or a pipe, where nothing else ends a
// read. What such a read gets after that is lost.
func Interruptible(ctx context.Context, from io.Reader) io.Reader {
	if ctx.Done() == nil {
		return from
	}
	return &interruptible{ctx: ctx, from: from, results: make(chan result, 1)}
}

type interruptible struct {
	ctx     context.Context
	from    io.Reader
	buffer  []byte
	results chan result
}

type result struct {
	n   int
	err error
}

// Read reads in a goroutine, into a buffer that nobody else sees until it is
// done.
func (i *interruptible) Read(into []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	if len(i.buffer) < len(into) {
		i.buffer = make([]byte, len(into))
	}
	buffer := i.buffer[:len(into)]
	go func() {
		n, err := i.from.Read(buffer)
		i.results <- result{n, err}
	}()
	select {
	case got := <-i.results:
		return copy(into, buffer[:got.n]), got.err
	case <-i.ctx.Done():
	}
	select {
	case got := <-i.results: // It was there in time.
		return copy(into, buffer[:got.n]), got.err
	default:
		i.buffer = nil // It still reads into this one.
		return 0, i.ctx.Err()
	}
}
