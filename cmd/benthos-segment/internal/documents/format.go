package documents

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"benthos-segment/internal/segment"
)

// counter counts what is read of a file.
type counter struct {
	from  io.Reader
	bytes atomic.Int64
}

func (c *counter) Read(into []byte) (int, error) {
	n, err := c.from.Read(into)
	c.bytes.Add(int64(n))
	return n, err
}

// peeked is how much of a file says what it is.
const peeked = 16

// formats are those that files have and that are not read, by their first bytes.
var formats = []struct {
	begin    string
	is, text string
}{
	{"BZh", "compressed with bzip2", "bzcat"},
	{"\xfd7zXZ\x00", "compressed with xz", "xzcat"},
	{"\x04\x22\x4d\x18", "compressed with LZ4", "lz4cat"},
	{"\xff\x06\x00\x00sNaPpY", "compressed with Snappy", "snzip -dc"},
	{"PK\x03\x04", "a ZIP archive", "unzip -p"},
	{"PAR1", "a Parquet file", ""},
	{"Obj\x01", "an Avro file", ""},
	{"ORC", "an ORC file", ""},
	{"SQLite format", "an SQLite database", ""},
}

// begin looks at the first bytes of the file.
func (r *Reader) begin() (*segment.Violation, error) {
	r.fillTo(peeked)
	switch first := r.buf[r.from:r.to]; {
	case bytes.HasPrefix(first, []byte{0x1f, 0x8b}):
		unpacked, err := gzip.NewReader(r.rest())
		if err != nil {
			return nil, fmt.Errorf("reading gzip: %w", err)
		}
		r.unpack(unpacked, "gzip")
	case bytes.HasPrefix(first, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		// One goroutine: somebody else needs the others.
		unpacked, err := zstd.NewReader(r.rest(), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, fmt.Errorf("reading zstd: %w", err)
		}
		r.unpack(unpacked, "zstd")
	}
	r.fillTo(peeked)
	if mark := []byte("\xef\xbb\xbf"); bytes.HasPrefix(r.buf[r.from:r.to], mark) {
		r.from += len(mark) // It is no character of the first line.
	}
	return r.judgeFormat()
}

// fillTo reads until so many bytes are there, or the file is over.
func (r *Reader) fillTo(count int) {
	for r.to-r.from < min(count, r.max) {
		if !r.fill() {
			return
		}
	}
}

// rest returns what is left of the source with what was read of it already.
func (r *Reader) rest() io.Reader {
	return io.MultiReader(bytes.NewReader(bytes.Clone(r.buf[r.from:r.to])), r.source)
}

func (r *Reader) unpack(unpacked io.Reader, format string) {
	r.source = &unpacker{unpacked, format}
	r.from, r.to, r.isOver, r.err = 0, 0, false, nil
}

// unpacker says in which format a file is broken.
type unpacker struct {
	from   io.Reader
	format string
}

func (u *unpacker) Read(into []byte) (int, error) {
	n, err := u.from.Read(into)
	switch {
	case err == nil, errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return n, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return n, fmt.Errorf("the file ends in the middle of its %s data: it is not whole, fetch it again", u.format)
	default:
		return n, fmt.Errorf("reading %s: %w", u.format, err)
	}
}

// judgeFormat names what is not JSON in UTF-8, as a whole.
func (r *Reader) judgeFormat() (*segment.Violation, error) {
	first := r.buf[r.from:r.to]
	for _, f := range formats {
		if !bytes.HasPrefix(first, []byte(f.begin)) {
			continue
		}
		if f.text == "" {
			return nil, fmt.Errorf("this is %s, and not JSON: export the events as JSON, one on each line", f.is)
		}
		return nil, fmt.Errorf("this is %s, which is not read here: pipe it in with %s FILE | benthos-segment … -", f.is, f.text)
	}
	if encoding := wideEncoding(first); encoding != "" {
		return &segment.Violation{
			Reason: segment.ReasonInvalidJSON,
			Sentence: fmt.Sprintf("the file is in %s, and JSON is in UTF-8; convert it: iconv -f %s -t UTF-8 FILE",
				encoding, encoding),
		}, nil
	}
	return nil, nil
}

// wideEncoding names the encoding of a text whose characters have several bytes,
// by its mark or by the zeros between the first letters.
func wideEncoding(first []byte) string {
	switch {
	case bytes.HasPrefix(first, []byte{0xff, 0xfe, 0, 0}), bytes.HasPrefix(first, []byte{0, 0, 0xfe, 0xff}):
		return "UTF-32"
	case bytes.HasPrefix(first, []byte{0xff, 0xfe}), bytes.HasPrefix(first, []byte{0xfe, 0xff}):
		return "UTF-16"
	case len(first) < 4:
		return ""
	case first[0] != 0 && first[1] == 0 && first[2] != 0 && first[3] == 0:
		return "UTF-16LE"
	case first[0] == 0 && first[1] != 0 && first[2] == 0 && first[3] != 0:
		return "UTF-16BE"
	}
	return ""
}

var unclosedArray = &segment.Violation{
	Reason: segment.ReasonInvalidJSON,
	Sentence: "the payload is not valid JSON: the array that began in this file has no end; " +
		"the file was cut off, or ] is missing",
}
