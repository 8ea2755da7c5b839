package tracking

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/flate"
)

const (
	bodyStart    = `{"batch":[`
	bodyEnd      = `]}`
	sentAtStart  = `],"sentAt":"`
	sentAtLayout = "2006-01-02T15:04:05.000Z"
	sentAtEnd    = `"}`

	// envelopeBytes is what a request has around its calls.
	envelopeBytes = len(bodyStart) + len(sentAtStart) + len(sentAtLayout) + len(sentAtEnd)
)

// gzipLevel 1 costs a quarter of the CPU of the usual 6 and packs events to a
// sixth of their size instead of a seventh.
const gzipLevel = 1

// gzipHeader is a member header without name and time, RFC 1952.
var gzipHeader = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255}

// body is what all attempts of a request have in common: everything up to
// sentAt, compressed once. It is not written to after it was made, since a
// connection that timed out may still be reading it.
type body struct {
	head []byte
	// size and checksum are those of the head before compression.
	size     int
	checksum uint32
	gzip     bool
}

// bodyWriter has the buffers for making a body. A compressor alone has more
// than half a megabyte, so that they go back before the request is sent.
type bodyWriter struct {
	out   bytes.Buffer
	flate *flate.Writer
}

// writers are as many as there are processors: more bodies at a time would only
// take turns, each with fewer calls than those that wait could have taken.
type writers chan *bodyWriter

func newWriters(count int) writers {
	w := make(writers, count)
	for range count {
		// It is made when it is needed.
		w <- nil
	}
	return w
}

// awaitWriter waits for what a new body is made with.
func (r *request) awaitWriter() {
	if r.pass.parcel.body.head != nil {
		return
	}
	select {
	case w := <-r.client.writers:
		if w == nil {
			w = new(bodyWriter)
		}
		r.pass.writer = w
	case <-r.ctx.Done():
	}
}

// encode makes the body of what is sent with the pass, if there is none yet.
func (p *pass) encode(start []byte) {
	if p.parcel.body.head == nil {
		p.parcel.body = p.writer.encode(start, p.parcel.calls, p.client.conf.Gzip)
	}
	p.freeWriter()
}

// freeWriter gives the writer back, if there is one.
func (p *pass) freeWriter() {
	w := p.writer
	if w == nil {
		return
	}
	p.writer = nil
	if w.out.Cap() > 2*p.client.conf.MaxRequestBytes {
		w = nil
	}
	p.client.writers <- w
}

func (w *bodyWriter) encode(start []byte, calls []*entry, gzip bool) body {
	w.out.Reset()
	b := body{gzip: gzip}
	var dst io.Writer = &w.out
	if gzip {
		w.out.Write(gzipHeader)
		dst = w.compressor()
	}
	add := func(part []byte) {
		// Neither a buffer nor a compressor that writes to one can fail.
		_, _ = dst.Write(part)
		b.size += len(part)
		b.checksum = crc32.Update(b.checksum, crc32.IEEETable, part)
	}
	separator := start
	for _, call := range calls {
		add(separator)
		add(call.JSON)
		separator = comma
	}
	if gzip {
		// Flush ends at a whole byte, where another block can follow.
		_ = w.flate.Flush()
	}
	b.head = bytes.Clone(w.out.Bytes())
	return b
}

var comma = []byte(",")

func (w *bodyWriter) compressor() *flate.Writer {
	if w.flate == nil {
		// The only error is a level that does not exist.
		w.flate, _ = flate.NewWriter(&w.out, gzipLevel)
		return w.flate
	}
	w.flate.Reset(&w.out)
	return w.flate
}

// end returns the text after the calls; without a time it has no sentAt.
func end(sentAt time.Time) []byte {
	text := make([]byte, 0, envelopeBytes)
	if sentAt.IsZero() {
		return append(text, bodyEnd...)
	}
	text = append(text, sentAtStart...)
	text = sentAt.UTC().AppendFormat(text, sentAtLayout)
	return append(text, sentAtEnd...)
}

// tail returns what is sent after the head. In a compressed request it is a
// last block that is stored as it is, with the checksum over everything, so
// that a fresh sentAt costs no compression.
func (b *body) tail(text []byte) []byte {
	if !b.gzip {
		return text
	}
	const lastBlockStored = 1
	length := uint16(len(text))
	tail := make([]byte, 0, len(text)+13)
	tail = append(tail, lastBlockStored)
	tail = binary.LittleEndian.AppendUint16(tail, length)
	tail = binary.LittleEndian.AppendUint16(tail, ^length)
	tail = append(tail, text...)
	tail = binary.LittleEndian.AppendUint32(tail, crc32.Update(b.checksum, crc32.IEEETable, text))
	return binary.LittleEndian.AppendUint32(tail, uint32(b.size+len(text)))
}

// upload is what is sent in one attempt, which may take several connections.
type upload struct {
	head, tail []byte
	// hasBegun says that some of it was read, so that there was a connection.
	hasBegun atomic.Bool
}

func (u *upload) reader() io.ReadCloser {
	return io.NopCloser(&bodyReader{upload: u, left: [2][]byte{u.head, u.tail}})
}

// bodyReader reads a body without the buffers that an io.MultiReader makes for
// it.
type bodyReader struct {
	upload *upload
	left   [2][]byte
}

func (r *bodyReader) Read(p []byte) (n int, err error) {
	r.upload.hasBegun.Store(true)
	for i := range r.left {
		read := copy(p[n:], r.left[i])
		r.left[i] = r.left[i][read:]
		n += read
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}
