package send

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/segment"
)

// letters is the output for what is refused. What was only given up is no dead
// letter: it stays where it is read from.
type letters struct {
	path string
	// run is that of the checkpoint.
	run string
	// giveUp is told why events are given up.
	giveUp func(error)
	// isDry says that nothing is written, and show is told of each letter.
	show func(letter)

	mu   sync.Mutex
	file *os.File
	// isTorn says that the file ends in the middle of a line.
	isTorn bool
	// known are the letters that this run had written when it was stopped.
	known map[letterKey]bool
	count int
	// tallies count by file, over all runs of the checkpoint.
	tallies map[string]*tally
}

// letter is a dead letter, as docs/dead-letters.md describes it, with where the
// event was read.
type letter struct {
	Reason        string          `json:"reason"`
	Field         string          `json:"field"`
	Sentence      string          `json:"sentence"`
	File          string          `json:"file,omitempty"`
	Line          int             `json:"line,omitempty"`
	Event         int64           `json:"event,omitempty"`
	Run           string          `json:"run,omitempty"`
	Payload       json.RawMessage `json:"payload,omitempty"`
	PayloadBase64 string          `json:"payload_base64,omitempty"`
}

var _ service.BatchOutput = (*letters)(nil)

// remember notes what was written after the checkpoint, before a stop, so that
// each refused event has one letter. The letters of other runs are about other
// events, though their places may be the same: standard input begins at its first
// event each time, and a file may have been replaced.
func (l *letters) remember() error {
	file, err := os.Open(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the dead letters: %w", err)
	}
	defer file.Close()
	reader := bufio.NewReader(file)
	for {
		line, err := reader.ReadBytes('\n')
		var one letter
		if json.Unmarshal(line, &one) == nil && one.Event > 0 && one.Run == l.run {
			l.known[keyOf(one)] = true
		}
		if err != nil {
			return nil //nolint:nilerr // What cannot be read is written again.
		}
	}
}

// letterKey tells the letters of a run apart. An event that was changed in its
// file between two attempts is another one.
type letterKey struct {
	file  string
	event int64
	sum   digest
}

func keyOf(one letter) letterKey {
	return letterKey{one.File, one.Event, sha256.Sum256(slices.Concat(one.Payload, []byte(one.PayloadBase64)))}
}

// Connect does nothing: the file is made when there is something to write.
func (*letters) Connect(context.Context) error { return nil }

// WriteBatch writes dead letters to the disk.
func (l *letters) WriteBatch(_ context.Context, batch service.MessageBatch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var text []byte
	var failed *service.BatchError
	for i, msg := range batch {
		one, err := read(msg)
		if err == nil && one.Reason == string(segment.ReasonUndelivered) {
			err = errors.New(one.Sentence)
			l.giveUp(err)
		}
		if err != nil {
			if failed == nil {
				failed = service.NewBatchError(batch, err)
			}
			failed = failed.Failed(i, err)
			continue
		}
		if line, isNew := l.line(one); isNew {
			text = append(text, line...)
		}
	}
	if err := l.append(text); err != nil {
		l.giveUp(err)
		return err
	}
	if failed != nil {
		return failed
	}
	return nil
}

// refuse writes the letter of something that is no payload.
func (l *letters) refuse(one letter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	line, _ := l.line(one)
	return l.append(line)
}

// line writes a letter, and counts it.
func (l *letters) line(one letter) (line []byte, isNew bool) {
	l.count++
	l.tallyOf(one.File).add(one.Event)
	if l.show != nil {
		l.show(one)
		return nil, false
	}
	if l.known[keyOf(one)] {
		return nil, false
	}
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(one) != nil {
		return nil, false // A letter can always be encoded.
	}
	return []byte(out.String()), true
}

// read takes a letter out of a message, and adds where its event was read.
func read(msg *service.Message) (one letter, err error) {
	text, err := msg.AsBytes()
	if err == nil {
		err = json.Unmarshal(text, &one)
	}
	if err != nil {
		return one, fmt.Errorf("making a dead letter: %w", err)
	}
	stated, _ := msg.MetaGet(metaPlace)
	if at, isKnown := parsePlace(stated); isKnown {
		one.File, one.Line, one.Event, one.Run = at.file, at.line, at.document, at.run
	}
	return one, nil
}

// append writes to the disk, a line for each letter, whatever was written before.
func (l *letters) append(text []byte) (err error) {
	if len(text) == 0 {
		return nil
	}
	if l.file == nil {
		if err = l.open(); err != nil {
			return fmt.Errorf("writing dead letters: %w; name another file with --%s", err, flagDeadLettersTo)
		}
	}
	if l.isTorn {
		text = append([]byte("\n"), text...)
	}
	_, err = l.file.Write(text)
	l.isTorn = err != nil // A part may have been written.
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("writing dead letters: %w", err)
	}
	return nil
}

// open opens the file, or makes it. Dead letters are customers' data, and nobody
// else may read them. A power cut may have left half a letter at its end, whose
// event has no checkpoint and is read again.
func (l *letters) open() (err error) {
	if l.file, err = os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600); err != nil {
		return err
	}
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		syncFolder(l.path)
		return nil
	}
	last := []byte("\n")
	if _, err := l.file.ReadAt(last, info.Size()-1); err != nil {
		return err
	}
	l.isTorn = last[0] != '\n'
	return nil
}

// syncFolder makes a new name last. Where a folder cannot be synced, the system
// takes care of that itself.
func syncFolder(path string) {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return // A folder may be written to and not read.
	}
	defer folder.Close()
	_ = folder.Sync()
}

// refused counts the letters of this run.
func (l *letters) refused() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// Close closes the file.
func (l *letters) Close(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
