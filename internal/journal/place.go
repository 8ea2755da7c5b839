package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The names below the path of a queue.
const (
	formatName   = "FORMAT"
	lockName     = "LOCK"
	ownerName    = "OWNER"
	closedName   = "CLOSED"
	dbName       = "db"
	salvagingTmp = "salvage.tmp"
	salvagedName = "salvage.done"
	damagedName  = "damaged"
)

// formatLine is what the file FORMAT says.
const formatLine = "benthos-segment journal, format 1\n"

// place is the directory of a queue, held by one process.
type place struct {
	fs   vfs.FS
	path string
	lock io.Closer
	// memTableBytes is handed on to the engine.
	memTableBytes int
	// found is what was salvaged and not yet said, because what was made of it
	// could not be opened. The next attempt takes the lost events for settled.
	found *salvaged
}

// takeFound returns what was salvaged and not yet said.
func (p *place) takeFound() (found salvaged) {
	if p.found != nil {
		found, p.found = *p.found, nil
	}
	return found
}

// takePlace makes the directory where it is missing, and locks it.
func takePlace(conf Config) (p *place, err error) {
	fs, path := conf.FS, conf.Path
	p = &place{fs: fs, path: path, memTableBytes: conf.memTableBytes}
	if err := makeDirectory(fs, path); err != nil {
		return nil, fmt.Errorf("making the directory: %w", err)
	}
	if err := p.takeLock(); err != nil {
		return nil, p.explainLock(err)
	}
	defer func() {
		if err != nil {
			_ = p.lock.Close()
		}
	}()
	if err := p.checkFormat(); err != nil {
		return nil, err
	}
	if err := p.writeFile(ownerName, []byte(owner())); err != nil {
		return nil, err
	}
	return p, nil
}

// takeLock waits a little for a process that is about to end, as in a restart or
// when a configuration is loaded again.
func (p *place) takeLock() (err error) {
	for start := time.Now(); ; time.Sleep(lockPause) {
		p.lock, err = p.fs.Lock(p.join(lockName))
		if err == nil || time.Since(start) >= lockPatience {
			return err
		}
	}
}

const (
	lockPatience = 3 * time.Second
	lockPause    = 50 * time.Millisecond
)

// release lets another process have the directory.
func (p *place) release() error { return p.lock.Close() }

func (p *place) join(names ...string) string {
	return p.fs.PathJoin(append([]string{p.path}, names...)...)
}

// makeDirectory makes a directory so that a power cut does not take it, and
// all that was synced in it, away again.
func makeDirectory(fs vfs.FS, path string) error {
	if _, err := fs.Stat(path); err == nil {
		return nil
	}
	parent := fs.PathDir(path)
	if parent != path {
		if err := makeDirectory(fs, parent); err != nil {
			return err
		}
	}
	if err := fs.MkdirAll(path, 0o700); err != nil {
		return err
	}
	return syncDirectory(fs, parent)
}

func syncDirectory(fs vfs.FS, path string) error {
	dir, err := fs.OpenDir(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// owner is what the process that holds a queue says of itself.
func owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("process %d on host %s, since %s", os.Getpid(), host, time.Now().UTC().Format(time.RFC3339))
}

// explainLock names the process that holds the queue, where that is why it
// cannot be locked.
func (p *place) explainLock(err error) error {
	if errors.Is(err, os.ErrPermission) || errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("locking it: %w", err)
	}
	said, readErr := readAll(p.fs, p.join(ownerName))
	holder := strings.TrimSpace(string(said))
	if readErr != nil || holder == "" {
		holder = "another process"
	}
	return fmt.Errorf("it is in use by %s: one queue serves one process at a time, so stop that process or choose another path (%w)", holder, err)
}

// checkFormat refuses what a later version wrote. A file that is damaged stops
// nothing.
func (p *place) checkFormat() error {
	said, err := readAll(p.fs, p.join(formatName))
	if err == nil && string(said) == formatLine {
		return nil
	}
	var version int
	if _, scanErr := fmt.Sscanf(string(said), "benthos-segment journal, format %d\n", &version); scanErr == nil && version > 1 {
		return fmt.Errorf("it has format %d, which a later version of benthos-segment wrote; this one reads format 1", version)
	}
	return p.writeFile(formatName, []byte(formatLine))
}

// writeFile replaces a small file at once or not at all.
func (p *place) writeFile(name string, content []byte) error {
	tmp := p.join(name + ".tmp")
	file, err := p.fs.Create(tmp, vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if err := p.fs.Rename(tmp, p.join(name)); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return syncDirectory(p.fs, p.path)
}

// knownEnd is where the queue ended when it was last closed, or zero. The file
// stays, because the end never goes back.
func (p *place) knownEnd() uint64 {
	said, err := readAll(p.fs, p.join(closedName))
	if err != nil {
		return 0
	}
	s, _, _, err := readRecord(said)
	if err != nil || s.kind != kindState {
		return 0
	}
	return s.seq
}

// writeEnd notes where the queue ends. A flipped bit in the last write would
// otherwise look like a write that was cut.
func (p *place) writeEnd(l *ledger, s stamp) error {
	return p.writeFile(closedName, l.appendState(nil, s))
}

func (p *place) exists(name string) bool {
	_, err := p.fs.Stat(p.join(name))
	return err == nil
}

// What is kept free of the disk, so that there is room to deliver and delete, and
// to open the queue after a crash, which writes its log once more as tables.
const (
	diskReserve      = 128 << 20
	diskReserveShare = 10
	// tableShare of the reserve is what a table of writes may have.
	tableShare    = 8
	minTableBytes = 256 << 10
)

var errDiskLow = errors.New("the disk is almost full")

func reserveOf(usage vfs.DiskUsage) uint64 {
	return min(diskReserve, usage.TotalBytes/diskReserveShare)
}

// isLow says whether the reserve of the disk is touched. A file system that does
// not say is taken for large.
func (p *place) isLow() bool {
	usage, err := p.fs.GetDiskUsage(p.path)
	return err == nil && usage.AvailBytes < reserveOf(usage)
}

// tableBytes is what the engine gathers in memory and in its log before it writes
// a table. On a small disk that is less, so that several fit into the reserve.
func (p *place) tableBytes() uint64 {
	wanted := uint64(p.memTableBytes)
	usage, err := p.fs.GetDiskUsage(p.path)
	if err != nil {
		return wanted
	}
	return min(wanted, max(minTableBytes, reserveOf(usage)/tableShare))
}
