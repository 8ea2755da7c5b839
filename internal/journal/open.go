package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/record"
)

var errDamaged = errors.New("the disk returned damaged data")

// The keys in Pebble.
var (
	stateKey = []byte("s")
	eventKey = byte('e')
)

// keyBytes is the length of the key of an event.
const keyBytes = 1 + 8

func keyOf(seq uint64) []byte { return appendKey(make([]byte, 0, keyBytes), seq) }

func appendKey(to []byte, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(append(to, eventKey), seq)
}

// opened is a queue as it lies on the disk.
type opened struct {
	engine *engine
	ledger *ledger
	epoch  uint32
	salvaged
}

// salvaged is what a salvage found.
type salvaged struct {
	lost []Loss
	// saved is where damaged files were set aside, or empty.
	saved string
}

// open opens the Pebble of a queue, and makes sure that nothing is missing: not
// below knownEnd, not in the middle, and not in the files that Pebble takes for
// obsolete. Where something is, it salvages first.
func (p *place) open(knownEnd uint64, isDamaged bool, log Logger) (*opened, error) {
	if err := p.finishSalvage(); err != nil {
		return nil, fmt.Errorf("finishing what was salvaged: %w", err)
	}
	knownEnd = max(knownEnd, p.knownEnd())
	if isDamaged && p.found == nil {
		return p.openSalvaged(knownEnd, errDamaged, log)
	}
	o, err := p.openOnce(log)
	if err == nil {
		err = p.verify(o, knownEnd, log)
		if err == nil {
			return p.opened(o), nil
		}
		o.engine.abandon()
	}
	if !isDamage(err) {
		return nil, err
	}
	return p.openSalvaged(knownEnd, err, log)
}

func (p *place) openSalvaged(knownEnd uint64, cause error, log Logger) (*opened, error) {
	log.Errorf("journal %s: the disk returned damaged data; saving what is whole, and setting the damaged files aside: %v", p.path, cause)
	if err := p.salvage(knownEnd, log); err != nil {
		return nil, fmt.Errorf("salvaging what is whole: %w", err)
	}
	o, err := p.openOnce(log)
	if err != nil {
		return nil, err
	}
	return p.opened(o), nil
}

// opened takes a queue into use, and hands over what was found while it was
// salvaged: now, or at an attempt before that failed in the end.
func (p *place) opened(o *opened) *opened {
	o.engine.files.release()
	o.salvaged = p.takeFound()
	return o
}

// openOnce opens the Pebble and reads where the queue begins and ends.
func (p *place) openOnce(log Logger) (*opened, error) {
	if err := p.checkTables(log); err != nil {
		return nil, err
	}
	e, err := p.openEngine(dbName, log)
	if err != nil {
		return nil, err
	}
	o := &opened{engine: e}
	if err := e.read(o.readLedger); err != nil {
		e.abandon()
		return nil, err
	}
	o.epoch++
	return o, nil
}

func (o *opened) readLedger(db *pebble.DB) error {
	o.ledger = &ledger{}
	if err := o.readState(db); err != nil {
		return err
	}
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{eventKey}, UpperBound: []byte{eventKey + 1}})
	if err != nil {
		return err
	}
	defer it.Close()
	if it.Last() {
		s, _, size, err := readStored(it)
		if err != nil {
			return err
		}
		o.epoch = max(o.epoch, s.epoch)
		if s.seq >= o.ledger.end {
			o.ledger.append(s.seq+1, s.offset+uint64(size))
		}
	}
	return it.Error()
}

func (o *opened) readState(db *pebble.DB) error {
	value, closer, err := db.Get(stateKey)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer closer.Close()
	s, payload, _, err := readRecord(value)
	if err != nil {
		return fmt.Errorf("%w: the state of the queue: %w", errDamaged, err)
	}
	o.epoch = s.epoch
	o.ledger, err = readState(s, payload)
	return err
}

// readStored reads the record that an iterator stands on.
func readStored(it *pebble.Iterator) (s stamp, payload []byte, size int, err error) {
	value, err := it.ValueAndErr()
	if err != nil {
		return s, nil, 0, err
	}
	if s, payload, size, err = readRecord(value); err != nil {
		return s, nil, 0, fmt.Errorf("%w: an event: %w", errDamaged, err)
	}
	return s, payload, size, nil
}

// verify compares the files that were there before with what Pebble made of
// them.
func (p *place) verify(o *opened, knownEnd uint64, log Logger) error {
	if o.ledger.end < knownEnd {
		return fmt.Errorf("%w: the queue ends at event %d instead of %d", errDamaged, o.ledger.end, knownEnd)
	}
	files, err := dataFiles(p.fs, p.join(dbName))
	if err != nil {
		return err
	}
	inUse, err := o.engine.tablesInUse()
	if err != nil {
		return err
	}
	for _, file := range files {
		if inUse[file.number] && !file.isLog {
			continue
		}
		torn, err := file.scan(p.fs, p.join(dbName), false, func(s stamp, _, _ []byte) error {
			return o.mustHave(s, file.name)
		})
		if err != nil {
			return err
		}
		if torn != noDamage {
			log.Warnf("journal %s: %s ends in the middle of a write, as after a crash or a power cut. "+
				"What was acknowledged before that is there, up to event %d", p.path, file.name, o.ledger.end)
		}
	}
	return nil
}

// mustHave fails where a record is missing that is not settled.
func (o *opened) mustHave(s stamp, file string) error {
	if s.kind != kindEvent || o.ledger.isSettled(s.seq) || s.epoch > o.epoch {
		return nil
	}
	err := o.engine.read(func(db *pebble.DB) error {
		_, closer, err := db.Get(keyOf(s.seq))
		if err != nil {
			return err
		}
		return closer.Close()
	})
	if errors.Is(err, pebble.ErrNotFound) {
		return fmt.Errorf("%w: event %d is in %s, and the manifest does not know", errDamaged, s.seq, file)
	}
	return err
}

// isDamage says whether an error means that files are not what they were, as
// opposed to a disk that is full or may not be written.
func isDamage(err error) bool {
	if err == nil {
		return false
	}
	if errors.Is(err, errDamaged) || pebble.IsCorruptionError(err) || record.IsInvalidRecord(err) {
		return true
	}
	var number syscall.Errno
	if errors.As(err, &number) {
		return number == syscall.EIO || number == syscall.ENOENT
	}
	return !errors.Is(err, errFenced) && !errors.Is(err, os.ErrPermission)
}
