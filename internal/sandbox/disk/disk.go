// Package disk keeps what a sandbox received in a directory, so that it is there
// after a restart: the calls and requests held, and the counters. It is as bounded
// as the inbox, since what that evicts leaves the disk, too.
//
// A change is on its way to the disk when the sender has its answer. A process
// that is killed loses what came within the last moments, and a machine that
// loses its power what the system had not yet written: the sandbox is a stand-in,
// and a queue that loses nothing is internal/journal, which gives each event out
// once and deletes it then.
package disk

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"benthos-segment/internal/sandbox/inbox"
)

const (
	file = "sandbox.db"
	// format is that of the records.
	format = "1"
	// lockPatience is how long another process may take to end.
	lockPatience = 2 * time.Second
	// maxWaiting bounds the changes on their way, and maxGroup those of one
	// transaction.
	maxWaiting = 256
	maxGroup   = 256
)

// The buckets, and the keys of the one of the sandbox itself.
var (
	callsBucket    = []byte("calls")
	requestsBucket = []byte("requests")
	aboutBucket    = []byte("about")

	formatKey = []byte("format")
	runKey    = []byte("run")
	stateKey  = []byte("state")
)

// Disk keeps the inbox of one sandbox.
type Disk struct {
	db   *bbolt.DB
	run  string
	warn func(text string)

	changes chan inbox.Change
	// stop is closed when no more is kept, and done when the last is written.
	stop, done chan struct{}
	// isFailing says that the last change could not be written.
	isFailing bool
}

// Open opens the directory, which is made if there is none. Whatever cannot be
// written later is told to warn.
func Open(dir string, warn func(text string)) (*Disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory: %w", err)
	}
	path := filepath.Join(dir, file)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockPatience, NoSync: true, FreelistType: bbolt.FreelistMapType})
	switch {
	case errors.Is(err, bbolterrors.ErrTimeout):
		return nil, fmt.Errorf("another sandbox has %s open: stop it, or name another directory", dir)
	case err != nil:
		return nil, fmt.Errorf("opening %s: %w: if it is damaged, move it away to begin anew", path, err)
	}
	d := &Disk{db: db, warn: warn, changes: make(chan inbox.Change, maxWaiting), stop: make(chan struct{}), done: make(chan struct{})}
	if err := db.Update(d.prepare); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	return d, nil
}

// prepare makes what is not there yet, and reads the name of the run.
func (d *Disk) prepare(tx *bbolt.Tx) error {
	for _, name := range [][]byte{callsBucket, requestsBucket, aboutBucket} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	about := tx.Bucket(aboutBucket)
	if known := about.Get(formatKey); known != nil && string(known) != format {
		return fmt.Errorf("its format is %q, and this version reads only %q: use the version that wrote it, or move it away to begin anew", known, format)
	}
	if about.Get(runKey) == nil {
		if err := about.Put(runKey, []byte(rand.Text()[:8])); err != nil {
			return err
		}
	}
	d.run = string(about.Get(runKey))
	return about.Put(formatKey, []byte(format))
}

// Run is the name of this sandbox over its restarts.
func (d *Disk) Run() string { return d.run }

// Load returns what was held, and begins to take changes.
func (d *Disk) Load() (held inbox.Held, err error) {
	defer func() {
		// The pages of a damaged file can be anything.
		if cause := recover(); cause != nil {
			err = fmt.Errorf("reading %s: it is damaged: move it away to begin anew: %v", d.db.Path(), cause)
		}
		if err == nil {
			go d.keep()
		} else {
			close(d.done)
		}
	}()
	err = d.db.View(func(tx *bbolt.Tx) error {
		if state := tx.Bucket(aboutBucket).Get(stateKey); state != nil {
			if err := json.Unmarshal(state, &held.State); err != nil {
				return fmt.Errorf("reading the counters: %w", err)
			}
		}
		held.Calls, err = load(tx.Bucket(callsBucket), decodeCall)
		if err == nil {
			held.Requests, err = load(tx.Bucket(requestsBucket), decodeRequest)
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("reading %s: %w: move it away to begin anew", d.db.Path(), err)
	}
	return held, err
}

func load[T any](bucket *bbolt.Bucket, decode func([]byte) (T, error)) (list []T, err error) {
	err = bucket.ForEach(func(key, value []byte) error {
		one, err := decode(value)
		if err != nil {
			return fmt.Errorf("record %x: %w", key, err)
		}
		list = append(list, one)
		return nil
	})
	return list, err
}

// Keep notes a change. If the disk is slower than what arrives, it waits. After
// Close, nothing is kept: a request may still be under way then.
func (d *Disk) Keep(change inbox.Change) {
	select {
	case d.changes <- change:
	case <-d.stop:
	}
}

// Close writes what is on its way, and closes the files.
func (d *Disk) Close() error {
	close(d.stop)
	<-d.done
	if err := d.db.Sync(); err != nil {
		_ = d.db.Close()
		return fmt.Errorf("syncing %s: %w", d.db.Path(), err)
	}
	return d.db.Close()
}

// keep writes changes until the disk is closed, those that wait together.
func (d *Disk) keep() {
	defer close(d.done)
	for {
		select {
		case change := <-d.changes:
			d.writeWith(change)
		case <-d.stop:
			for len(d.changes) > 0 {
				d.writeWith(<-d.changes)
			}
			return
		}
	}
}

// writeWith writes a change together with those that wait.
func (d *Disk) writeWith(change inbox.Change) {
	group := []inbox.Change{change}
	for len(group) < maxGroup && len(d.changes) > 0 {
		group = append(group, <-d.changes)
	}
	d.note(d.db.Update(func(tx *bbolt.Tx) error { return write(tx, group) }))
}

// note says once that the disk fails, and once that it works again.
func (d *Disk) note(err error) {
	switch {
	case err != nil && !d.isFailing:
		d.warn(fmt.Sprintf("what arrives is not kept on the disk, and is gone when the sandbox stops: %v", err))
	case err == nil && d.isFailing:
		d.warn("what arrives is kept on the disk again; what came meanwhile is not")
	}
	d.isFailing = err != nil
}

func write(tx *bbolt.Tx, group []inbox.Change) error {
	calls, requests := tx.Bucket(callsBucket), tx.Bucket(requestsBucket)
	for _, change := range group {
		if err := add(calls, requests, change); err != nil {
			return err
		}
	}
	last := group[len(group)-1].State
	if err := evict(calls, last.Summary.FirstSeq); err != nil {
		return err
	}
	if err := evict(requests, last.FirstRequest); err != nil {
		return err
	}
	state, err := json.Marshal(last)
	if err != nil {
		return fmt.Errorf("encoding the counters: %w", err)
	}
	return tx.Bucket(aboutBucket).Put(stateKey, state)
}

func add(calls, requests *bbolt.Bucket, change inbox.Change) error {
	for _, call := range change.Calls {
		record, err := encodeCall(call)
		if err == nil {
			err = calls.Put(keyOf(call.Seq), record)
		}
		if err != nil {
			return err
		}
	}
	for _, seq := range change.Removed {
		if err := calls.Delete(keyOf(seq)); err != nil {
			return err
		}
	}
	if change.Request == nil {
		return nil
	}
	record, err := encodeRequest(change.Request)
	if err != nil {
		return err
	}
	return requests.Put(keyOf(change.Request.Seq), record)
}

// evict deletes what comes before the first one held.
func evict(bucket *bbolt.Bucket, first uint64) error {
	cursor := bucket.Cursor()
	for key, _ := cursor.First(); key != nil && binary.BigEndian.Uint64(key) < first; key, _ = cursor.First() {
		if err := bucket.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// keyOf sorts by number.
func keyOf(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }
