package send

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"benthos-segment/cmd/benthos-segment/internal/documents"
	"benthos-segment/cmd/internal/command"
)

// reader reads the files one after the other, from where the checkpoint is.
type reader struct {
	files   []string
	stdin   io.Reader
	maxLine int
	// known is the checkpoint as it was at the start: the run goes on to change it.
	known checkpoint
	// say tells the user what goes on before anything is sent.
	say func(text string)
	out chan item
}

// item is a document of a file, or the beginning or the end of the file.
type item struct {
	documents.Document
	file int
	// begun is what of the file is settled already; nil but at its beginning.
	begun *progressIn
	// bytes is what was read of the file so far.
	bytes int64
	isEnd bool
}

// progressIn counts the documents of a file, and hashes them.
type progressIn struct {
	name, path string
	info       fileInfo
	count      int64
	sum        hash.Hash
}

func (p *progressIn) add(doc documents.Document) {
	p.count++
	p.sum.Write(doc.Payload)
	p.sum.Write([]byte{'\n'})
}

// run reads all files, until ctx ends.
func (r *reader) run(ctx context.Context) error {
	for i, name := range r.files {
		if err := r.file(ctx, i, name); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) file(ctx context.Context, i int, name string) error {
	known, info := r.known.of(pathOf(name)), infoOf(name)
	if known.isUnchanged(info) {
		r.say(fmt.Sprintf("%s: nothing new after %s. --%s sends them again.", name, known, flagRestart))
		return nil
	}
	from, err := r.open(ctx, name)
	if err != nil {
		return err
	}
	defer from.Close()
	docs := documents.NewReader(from, r.maxLine)
	begun, err := r.begin(ctx, name, docs, known)
	if err != nil {
		return err
	}
	begun.info = info
	if err := r.give(ctx, item{file: i, begun: begun, bytes: docs.Read()}); err != nil {
		return err
	}
	for {
		doc, err := docs.Next()
		if errors.Is(err, io.EOF) {
			return r.give(ctx, item{file: i, bytes: docs.Read(), isEnd: true})
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		doc.Payload = bytes.Clone(doc.Payload)
		if err := r.give(ctx, item{Document: doc, file: i, bytes: docs.Read()}); err != nil {
			return err
		}
	}
}

// open opens a file. One that is a pipe may have nothing to say for a long time,
// and a stop does not wait for it.
func (r *reader) open(ctx context.Context, name string) (io.ReadCloser, error) {
	if name == stdin {
		return io.NopCloser(documents.Interruptible(ctx, r.stdin)), nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	if infoOf(name).isFile() {
		return file, nil
	}
	return struct {
		io.Reader
		io.Closer
	}{documents.Interruptible(ctx, file), file}, nil
}

func (r *reader) give(ctx context.Context, next item) error {
	select {
	case r.out <- next:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin passes over what is settled already.
func (r *reader) begin(ctx context.Context, name string, docs *documents.Reader, known filePoint) (*progressIn, error) {
	begun := &progressIn{name: name, path: pathOf(name), sum: sha256.New()}
	if known.Events == 0 {
		return begun, nil
	}
	r.say(fmt.Sprintf("%s: passing over %s.", name, known))
	return begun, begun.pass(ctx, docs, known)
}

// pass reads what is settled already, and refuses a file that is another one by
// now: the place in it would mean something else.
func (p *progressIn) pass(ctx context.Context, docs *documents.Reader, known filePoint) error {
	for p.count < known.Events {
		if err := ctx.Err(); err != nil {
			return err
		}
		doc, err := docs.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s %w: it has %s, and there were %s. %s",
				p.name, errChanged, command.Count(p.count, "event"), known, adviceOnChange)
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", p.name, err)
		}
		p.add(doc)
	}
	if p.digest() != known.Sum {
		return fmt.Errorf("%s %w, in its %s. %s", p.name, errChanged, known, adviceOnChange)
	}
	return nil
}

// errChanged is why the same command cannot go on.
var errChanged = errors.New("has changed since the checkpoint")

const adviceOnChange = "To go on, put the former file back; to send all of this one, add --" + flagRestart

func (p *progressIn) digest() (sum digest) {
	p.sum.Sum(sum[:0])
	return sum
}

// pathOf is the name by which a checkpoint knows a file.
func pathOf(name string) string {
	if name == stdin {
		return stdin
	}
	if absolute, err := filepath.Abs(name); err == nil {
		return absolute
	}
	return name
}
