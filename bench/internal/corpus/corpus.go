// Package corpus makes up the events that the benchmarks send: the same ones
// for the same shape, in the forms in which RudderStack and its SDKs send them.
package corpus

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// Shape says how many events there are and what they are like.
type Shape struct {
	Events int
	// Bytes is the size of every event. Zero means the sizes of real traffic:
	// a mean of 1.5 KB, and a few of 10 KB.
	Bytes int
	// People is the number of persons. Zero means one for ten events.
	People int
	// InTurn says that they come one after the other, and not at random.
	InTurn bool
}

// A Form is how a file holds the events.
type Form struct {
	// Record is the number of events between two empty lines. Zero means that
	// each event is a line, and that there are no empty ones.
	Record int
}

// Lines is one event a line.
var Lines = Form{}

// Batched is what the file input takes most cheaply: 300 events a record.
var Batched = Form{Record: 300}

// separator returns what stands before the event of that index.
func (f Form) separator(index int) string {
	switch {
	case index == 0:
		return ""
	case f.Record > 0 && index%f.Record == 0:
		return "\n\n"
	default:
		return "\n"
	}
}

// File writes the events into a file of the directory, unless a run before has
// done so, and returns its path. The file is in the system's memory then, so
// that no run pays for a disk.
func File(directory string, shape Shape, form Form) (string, error) {
	name := fmt.Sprintf("events-%d-%d-%d-%d-%08x.ndjson", shape.Events, shape.Bytes, shape.People, form.Record, fingerprint(shape))
	path := filepath.Join(directory, name)
	if err := read(path); !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	// A run that is stopped must not leave half a corpus to the next one.
	partial := path + ".partial"
	if err := write(partial, shape, form); err != nil {
		return "", fmt.Errorf("writing the corpus: %w", err)
	}
	return path, os.Rename(partial, path)
}

func read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reading the corpus: %w", err)
	}
	defer file.Close()
	if _, err := io.Copy(io.Discard, file); err != nil {
		return fmt.Errorf("reading the corpus: %w", err)
	}
	return nil
}

// fingerprint tells the events of one version of this package from those of
// another.
func fingerprint(shape Shape) uint32 {
	const enough = 300
	maker, sum := newMaker(shape), crc32.NewIEEE()
	for index := range min(enough, shape.Events) {
		_, _ = sum.Write(maker.append(nil, index))
	}
	return sum.Sum32()
}

// write has no newline at the end: the lines scanner would make a record of
// what follows it.
func write(path string, shape Shape, form Form) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	buffered := bufio.NewWriterSize(file, 1<<20)
	maker := newMaker(shape)
	var event []byte
	for index := range shape.Events {
		event = maker.append(event[:0], index)
		if _, err := buffered.WriteString(form.separator(index)); err != nil {
			return err
		}
		if _, err := buffered.Write(event); err != nil {
			return err
		}
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	return file.Close()
}

// Sizes are what a corpus weighs.
type Sizes struct {
	Mean, Median, P99, Max int
}

// Measure returns the sizes of the first events of a shape.
func Measure(shape Shape) Sizes {
	maker := newMaker(shape)
	lengths := make([]int, min(shape.Events, 20_000))
	sum := 0
	for index := range lengths {
		lengths[index] = len(maker.append(nil, index))
		sum += lengths[index]
	}
	slices.Sort(lengths)
	return Sizes{
		Mean:   sum / len(lengths),
		Median: lengths[len(lengths)/2],
		P99:    lengths[len(lengths)*99/100],
		Max:    lengths[len(lengths)-1],
	}
}

// maker makes the events of one shape, in order.
type maker struct {
	shape  Shape
	people int
	random *rand.Rand
	// index is that of the event being made.
	index int
}

func newMaker(shape Shape) *maker {
	people := shape.People
	if people == 0 {
		people = max(1, shape.Events/10)
	}
	return &maker{shape: shape, people: people, random: rand.New(rand.NewPCG(4, 2))}
}

// append adds the event of that index. Its message id ends in the index, so
// that the sink can tell which events it has.
func (m *maker) append(to []byte, index int) []byte {
	m.index = index
	if m.shape.Bytes > 0 {
		return m.sized(to, index)
	}
	switch share := m.random.IntN(100); {
	case share < 84:
		return m.web(to, index, m.kind())
	case share < 94:
		return m.mobile(to, index, m.kind())
	default:
		return m.server(to, index, m.kind())
	}
}

func (m *maker) kind() string {
	switch share := m.random.IntN(100); {
	case share < 60:
		return "track"
	case share < 80:
		return "page"
	case share < 90:
		return "identify"
	case share < 95:
		return "screen"
	case share < 98:
		return "group"
	default:
		return "alias"
	}
}

// pick returns one of the choices.
func pick[T any](m *maker, choices []T) T { return choices[m.random.IntN(len(choices))] }

func (m *maker) person() person {
	if m.shape.InTurn {
		return person{number: m.index % m.people}
	}
	return person{number: m.random.IntN(m.people)}
}

// messageID is a UUID to the eye, and the index in its last twelve digits.
func (m *maker) messageID(index int) string {
	random := m.random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x",
		uint32(random), uint16(random>>32), uint16(random>>40)&0xfff, uint16(random>>50)&0xfff, index)
}
