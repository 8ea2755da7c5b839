package journal

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

const (
	// Twice this is what the memory of writes comes to, mostly.
	memTableBytes = 16 << 20
	memTables     = 3
	cacheBytes    = 8 << 20
	// What a batch took is taken again for the next one.
	maxKeptBatch = 4 << 20
	// A batch for Pebble may have 4 GiB.
	maxGroupBytes = 8 << 20
	// deletedFor is how long deletions may wait in memory before they are written
	// down, which is what frees the disk.
	deletedFor = 5 * time.Second
	// closePatience bounds how long a broken engine is waited for.
	closePatience = 5 * time.Second
)

var errFenced = errors.New("the engine was given up")

// engine is one opened Pebble. Pebble ends the process where it cannot go on; an
// engine fails instead, once and for good: its files are fenced off, so that
// nothing that still runs of it writes or deletes, and the queue opens another
// one.
type engine struct {
	db     *pebble.DB
	files  *patientFS
	fenced atomic.Bool

	once   sync.Once
	failed chan struct{}
	err    error // set before failed is closed

	// reading holds off Close while somebody reads.
	reading sync.RWMutex
	closed  bool
}

// openEngine opens the Pebble of that name. It deletes no file before
// release is called.
func (p *place) openEngine(name string, log Logger) (*engine, error) {
	return p.openEngineAs(name, log, false)
}

// openEngineAs opens the Pebble of that name, and if it is to be read only,
// changes no file of it.
func (p *place) openEngineAs(name string, log Logger, isReadOnly bool) (*engine, error) {
	e := &engine{failed: make(chan struct{})}
	e.files = &patientFS{FS: errorfs.Wrap(p.fs, errorfs.InjectorFunc(e.fence)), isHolding: true}
	opts := engineOptions(&logFS{e.files, e.fail})
	opts.ReadOnly = isReadOnly
	opts.MemTableSize = p.tableBytes()
	opts.Logger = engineLogger{e, log}
	opts.EventListener = &pebble.EventListener{
		BackgroundError: e.fail,
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			e.fail(fmt.Errorf("%w: %s: %w", errDamaged, p.fs.PathBase(info.Path), info.Details))
		},
	}
	opts.Experimental.CompactionScheduler = &compactions{engine: e}
	opened := make(chan *pebble.DB, 1)
	err := e.guard(func() error {
		var db *pebble.DB
		defer func() { opened <- db }()
		var err error
		db, err = pebble.Open(p.join(name), opts)
		return err
	})
	// Where it failed it may not have come back yet, and has to be closed then.
	select {
	case e.db = <-opened:
	case <-time.After(closePatience):
		go func() { closeQuietly(<-opened) }()
	}
	if err != nil {
		e.abandon()
		return nil, err
	}
	return e, nil
}

// fence stops whatever writes after the engine was given up.
func (e *engine) fence(op errorfs.Op) error {
	if e.fenced.Load() && op.Kind.ReadOrWrite() == errorfs.OpIsWrite && op.Kind != errorfs.OpFileClose {
		return errFenced
	}
	return nil
}

func engineOptions(fs vfs.FS) *pebble.Options {
	opts := &pebble.Options{
		FS: fs,
		// In older formats a flipped bit in the log ends the log without a word.
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableStopWritesThreshold: memTables,
		CacheSize:                   cacheBytes,
		FlushDelayDeleteRange:       deletedFor,
		BytesPerSync:                512 << 10,
	}
	// Salvage looks for records in files whose structure is lost.
	for i := range opts.Levels {
		opts.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
	}
	return opts
}

// guard runs a call into Pebble that may never come back, and returns when the
// engine fails. The call may still be running then.
func (e *engine) guard(call func() error) error {
	done := make(chan error, 1)
	go func() {
		err := errors.New("the engine gave up") // where Fatalf ends this goroutine
		defer func() {
			if cause := recover(); cause != nil {
				err = fmt.Errorf("the engine panicked: %v", cause)
				if said, isError := cause.(error); isError {
					err = fmt.Errorf("the engine panicked: %w", said)
				}
				e.fail(err)
			}
			done <- err
		}()
		err = call()
	}()
	select {
	case err := <-done:
		// After a failure Pebble may return nil for what was not written.
		select {
		case <-e.failed:
			return e.err
		default:
			return err
		}
	case <-e.failed:
		return e.err
	}
}

// fail ends the use of the engine. The first reason counts.
func (e *engine) fail(err error) {
	e.once.Do(func() {
		e.fenced.Store(true)
		e.err = err
		close(e.failed)
	})
}

// read runs a function that reads, unless the engine is closed.
func (e *engine) read(call func(*pebble.DB) error) (err error) {
	e.reading.RLock()
	defer e.reading.RUnlock()
	if e.closed {
		return errFenced
	}
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%w: reading panicked: %v", errDamaged, cause)
		}
	}()
	if err := call(e.db); err != nil {
		if isDamage(err) {
			return fmt.Errorf("%w: %w", errDamaged, err)
		}
		return err
	}
	return nil
}

// close closes an engine that works.
func (e *engine) close() error {
	return e.guard(func() error {
		e.endReads()
		return e.db.Close()
	})
}

// endReads lets nobody read from now on, and waits for those who do.
func (e *engine) endReads() {
	e.reading.Lock()
	defer e.reading.Unlock()
	e.closed = true
}

// closeQuietly closes a Pebble that failed. It may panic, and may never come back.
func closeQuietly(db *pebble.DB) {
	defer func() { _ = recover() }()
	if db != nil {
		_ = db.Close()
	}
}

// abandon closes an engine that does not, as far as it lets itself be closed. A
// read may hang as well as anything else.
func (e *engine) abandon() {
	e.fail(errFenced)
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.endReads()
		closeQuietly(e.db)
	}()
	timer := time.NewTimer(closePatience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// engineLogger passes on what an operator may want to know.
type engineLogger struct {
	engine *engine
	log    Logger
}

func (l engineLogger) Infof(string, ...any) {}

func (l engineLogger) Errorf(format string, args ...any) {
	l.log.Debugf("journal: the engine says: "+format, args...)
}

// Fatalf must not return, because the engine would go on with what it takes for
// impossible. It ends the goroutine, and the engine with it.
func (l engineLogger) Fatalf(format string, args ...any) {
	l.engine.fail(fatalError(format, args))
	runtime.Goexit()
}

// fatalError keeps the error among the arguments, which says whether the disk
// is full or damaged.
func fatalError(format string, args []any) error {
	for _, arg := range args {
		if err, isError := arg.(error); isError {
			return err
		}
	}
	return fmt.Errorf(format, args...)
}
