package journal

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// salvageBatchBytes is how much is written at once.
const salvageBatchBytes = 4 << 20

// salvage reads every record that is whole, whatever became of the files
// around it, and makes a new Pebble of them. The old files are set aside, and
// those that turn out to be whole are deleted, since all of them is in the new
// one. The new Pebble takes the old one's place by two renames, which the next
// start finishes where a crash comes between them.
func (p *place) salvage(knownEnd uint64, log Logger) error {
	if err := p.fs.RemoveAll(p.join(salvagingTmp)); err != nil {
		return err
	}
	e, err := p.openEngine(salvagingTmp, log)
	if err != nil {
		return err
	}
	e.files.release()
	s := &salvager{place: p, engine: e, state: &ledger{}}
	if err := s.run(knownEnd); err != nil {
		e.abandon()
		return err
	}
	if err := e.close(); err != nil {
		return err
	}
	if err := p.fs.Rename(p.join(salvagingTmp), p.join(salvagedName)); err != nil {
		return err
	}
	// That says that the new Pebble is complete. From here on nothing else knows
	// what is lost.
	if p.found == nil {
		p.found = &salvaged{}
	}
	p.found.lost = append(p.found.lost, s.lost...)
	if err := syncDirectory(p.fs, p.path); err != nil {
		return err
	}
	if err := p.setAside(); err != nil {
		return err
	}
	for _, name := range s.whole {
		// What stays costs space and nothing else.
		_ = p.fs.Remove(p.fs.PathJoin(p.found.saved, name))
	}
	return nil
}

// finishSalvage takes up what a crash, or an error, left of a salvage.
func (p *place) finishSalvage() error {
	if err := p.fs.RemoveAll(p.join(salvagingTmp)); err != nil {
		return err
	}
	if !p.exists(salvagedName) {
		return nil
	}
	return p.setAside()
}

// setAside puts the salvaged Pebble in the place of the old one.
func (p *place) setAside() error {
	if err := makeDirectory(p.fs, p.join(damagedName)); err != nil {
		return err
	}
	if p.exists(dbName) {
		saved := p.join(damagedName, time.Now().UTC().Format("20060102T150405.000000000Z"))
		if err := p.fs.Rename(p.join(dbName), saved); err != nil {
			return err
		}
		if p.found != nil {
			p.found.saved = saved
		}
		if err := errors.Join(syncDirectory(p.fs, p.join(damagedName)), syncDirectory(p.fs, p.path)); err != nil {
			return err
		}
	}
	if err := p.fs.Rename(p.join(salvagedName), p.join(dbName)); err != nil {
		return err
	}
	p.forgetDamaged()
	return syncDirectory(p.fs, p.path)
}

// keptDamaged is how many directories of damaged files are kept: a disk that fails
// again and again must not be filled with them.
const keptDamaged = 10

// forgetDamaged deletes the oldest directories of damaged files. All that was
// whole in them is in the queue.
func (p *place) forgetDamaged() {
	names, err := p.fs.List(p.join(damagedName))
	if err != nil || len(names) <= keptDamaged {
		return
	}
	slices.Sort(names) // They are times.
	for _, name := range names[:len(names)-keptDamaged] {
		// What stays costs space and nothing else.
		_ = p.fs.RemoveAll(p.join(damagedName, name))
	}
}

// salvager collects records.
type salvager struct {
	*place
	engine *engine
	batch  *pebble.Batch
	// highest is the largest number that was seen, so that most records need no
	// look whether they are there already.
	highest uint64
	hasAny  bool
	// settled is the highest that a record knew.
	settled uint64
	state   *ledger
	// stateEpoch is the epoch of the state, and epoch the highest of all.
	stateEpoch, epoch uint32

	whole []string
	lost  []Loss
}

func (s *salvager) run(knownEnd uint64) error {
	s.batch = s.engine.db.NewBatch()
	files, err := dataFiles(s.fs, s.join(dbName))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := s.collect(file); err != nil {
			return fmt.Errorf("reading %s: %w", file.name, err)
		}
	}
	if err := s.flush(); err != nil {
		return err
	}
	if err := s.sift(knownEnd); err != nil {
		return err
	}
	return s.engine.guard(s.engine.db.Flush)
}

func (s *salvager) collect(file dataFile) error {
	damaged, err := file.scan(s.fs, s.join(dbName), true, s.take)
	if err != nil {
		return err
	}
	if file.isLog && damaged == noDamage || !file.isLog && checkTable(s.fs, s.join(dbName, file.name), true) == nil {
		s.whole = append(s.whole, file.name)
	}
	return nil
}

// take keeps a record, unless there is a later one with its number.
func (s *salvager) take(st stamp, payload, record []byte) error {
	s.settled = max(s.settled, st.settled)
	s.epoch = max(s.epoch, st.epoch)
	if st.kind == kindState {
		s.takeState(st, payload)
		return nil
	}
	if st.kind != kindEvent || st.seq < s.settled {
		return nil
	}
	if s.hasAny && st.seq <= s.highest {
		isNewer, err := s.isNewer(st)
		if err != nil || !isNewer {
			return err
		}
	}
	s.highest, s.hasAny = max(s.highest, st.seq), true
	if err := s.batch.Set(keyOf(st.seq), record, nil); err != nil {
		return err
	}
	if s.batch.Len() < salvageBatchBytes {
		return nil
	}
	return s.flush()
}

func (s *salvager) takeState(st stamp, payload []byte) {
	if st.epoch < s.stateEpoch || st.epoch == s.stateEpoch && st.seq < s.state.end {
		return
	}
	l, err := readState(st, payload)
	if err != nil || l.settled < s.state.settled && st.epoch == s.stateEpoch {
		return
	}
	s.state, s.stateEpoch = l, st.epoch
}

func (s *salvager) isNewer(st stamp) (bool, error) {
	if err := s.flush(); err != nil {
		return false, err
	}
	isNewer := false
	err := s.engine.read(func(db *pebble.DB) error {
		value, closer, err := db.Get(keyOf(st.seq))
		if errors.Is(err, pebble.ErrNotFound) {
			isNewer = true
			return nil
		}
		if err != nil {
			return err
		}
		defer closer.Close()
		there, _, _, err := readRecord(value)
		isNewer = err != nil || there.epoch < st.epoch
		return nil
	})
	return isNewer, err
}

func (s *salvager) flush() error {
	if s.batch.Empty() {
		return nil
	}
	batch := s.batch
	s.batch = s.engine.db.NewBatch()
	return s.engine.guard(func() error { return s.engine.db.Apply(batch, pebble.NoSync) })
}

// sift goes through what was collected, in order, leaves out what a later
// epoch overwrote, and notes what is missing.
func (s *salvager) sift(knownEnd uint64) error {
	l := s.state
	// Nothing says how much there was before a number that only a record knew.
	isOffsetKnown := s.settled <= l.settled
	if !isOffsetKnown {
		l.settle(span{from: l.settled, to: s.settled, fromOffset: l.settledOffset, toOffset: l.settledOffset})
	}
	end, before := max(l.end, knownEnd, l.settled), stamp{}
	l.append(l.settled, l.settledOffset)
	err := s.engine.read(func(db *pebble.DB) error {
		it, err := db.NewIter(&pebble.IterOptions{LowerBound: keyOf(l.settled), UpperBound: []byte{eventKey + 1}})
		if err != nil {
			return err
		}
		defer it.Close()
		for valid := it.First(); valid; valid = it.Next() {
			st, _, size, err := readStored(it)
			if err != nil {
				return err
			}
			if st.epoch < before.epoch || l.isSettled(st.seq) {
				continue
			}
			if !isOffsetKnown {
				l.settledOffset, l.endOffset, isOffsetKnown = st.offset, st.offset, true
			}
			s.lost = append(s.lost, l.lose(span{from: l.end, to: st.seq, fromOffset: l.endOffset, toOffset: st.offset}, before.at, st.at)...)
			l.append(st.seq+1, st.offset+uint64(size))
			before = st
		}
		return it.Error()
	})
	if err != nil {
		return err
	}
	if l.end < end {
		s.lost = append(s.lost, l.lose(span{from: l.end, to: end, fromOffset: l.endOffset, toOffset: l.endOffset}, before.at, time.Time{})...)
		l.append(end, l.endOffset)
	}
	return s.writeState()
}

// writeState makes the ledger the state, and deletes what is settled.
func (s *salvager) writeState() error {
	batch := s.engine.db.NewBatch()
	record := s.state.appendState(nil, stamp{epoch: s.epoch, at: time.Now()})
	err := errors.Join(
		batch.Set(stateKey, record, nil),
		deleteSettled(batch, s.state, 0, nil),
	)
	if err != nil {
		return err
	}
	return s.engine.guard(func() error { return s.engine.db.Apply(batch, pebble.Sync) })
}
