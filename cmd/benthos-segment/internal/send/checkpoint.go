package send

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"benthos-segment/cmd/internal/command"
)

// digest is a hash of all documents before a position.
type digest [32]byte

// MarshalText writes it as JSON has it.
func (d digest) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(d[:])), nil }

// UnmarshalText reads that.
func (d *digest) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(d) {
		return errors.New("a hash has another length")
	}
	_, err := hex.Decode(d[:], text)
	return err
}

// checkpointVersion is that of the format below.
const checkpointVersion = 1

// checkpoint is how far some files are sent. It holds neither events nor write
// keys.
type checkpoint struct {
	Version int `json:"version"`
	// Run is part of the ids of events that have nothing else to make an id of, so
	// that they get the same ids again.
	Run string `json:"run"`
	// Endpoint and Source say where the events went: Source is a fingerprint of
	// the write key.
	Endpoint string      `json:"endpoint"`
	Source   string      `json:"write_key_fingerprint"`
	Files    []filePoint `json:"files"`
}

// filePoint is how far one file is.
type filePoint struct {
	Path string `json:"path"`
	// Events counts what is settled, Sum is a hash of it, and Bytes what it takes
	// in the file.
	Events int64  `json:"events"`
	Bytes  int64  `json:"bytes"`
	Sum    digest `json:"sha256"`
	// Refused is how many of them were refused, and DeadLetters are the files
	// that have them.
	Refused     int64    `json:"refused,omitempty"`
	DeadLetters []string `json:"dead_letters,omitempty"`
	// IsDone says that there was nothing more in the file, which had this size
	// and was changed at this time.
	IsDone bool `json:"done"`
	fileInfo
}

// fileInfo tells a file that was changed from one that was not, as far as that can
// be seen without reading it.
type fileInfo struct {
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
}

// infoOf describes a file, and returns nothing for a pipe.
func infoOf(name string) fileInfo {
	if name == stdin {
		return fileInfo{}
	}
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return fileInfo{}
	}
	return fileInfo{Size: info.Size(), Modified: info.ModTime().UTC()}
}

func (i fileInfo) isFile() bool { return !i.Modified.IsZero() }

// isUnchanged says that all of the file is settled. What was written to it while
// it was read makes it another one.
func (p filePoint) isUnchanged(now fileInfo) bool {
	return p.IsDone && now.isFile() && now == p.fileInfo
}

// String says what of the file is settled.
func (p filePoint) String() string {
	text := command.Count(p.Events, "settled event")
	if p.Refused > 0 {
		text += ", " + command.Thousands(p.Refused) + " of them refused"
	}
	return text
}

func newCheckpoint(endpoint, source string) checkpoint {
	return checkpoint{Version: checkpointVersion, Run: rand.Text(), Endpoint: endpoint, Source: source}
}

// of returns how far a file is, nothing if it is not known.
func (c *checkpoint) of(path string) filePoint {
	for _, f := range c.Files {
		if f.Path == path {
			return f
		}
	}
	return filePoint{Path: path}
}

// snapshot returns a copy that nothing changes any more.
func (c checkpoint) snapshot() checkpoint {
	c.Files = slices.Clone(c.Files)
	return c
}

// note replaces what is known of a file.
func (c *checkpoint) note(p filePoint) {
	for i := range c.Files {
		if c.Files[i].Path == p.Path {
			c.Files[i] = p
			return
		}
	}
	c.Files = append(c.Files, p)
}

// keeper keeps a checkpoint in a file. Without a path it keeps it in memory.
type keeper struct {
	checkpoint
	path    string
	lock    io.Closer
	written []byte
}

// openKeeper reads the checkpoint, or begins one.
//
// Two runs at once would send everything twice, so that the second is refused. A
// lock ends with its process, whatever ends that, and its file stays: if it were
// removed, one run could lock what another has just removed, and a third a new
// one.
func openKeeper(conf config, endpoint, source string) (*keeper, error) {
	k := &keeper{checkpoint: newCheckpoint(endpoint, source), path: conf.checkpoint}
	if k.path == "" {
		return k, nil
	}
	if !conf.isDryRun {
		lock, err := vfs.Default.Lock(k.lockPath())
		if err != nil {
			return nil, k.unlockable(err)
		}
		k.lock = lock
	}
	if err := k.read(conf.restarts); err != nil {
		k.close()
		return nil, err
	}
	return k, nil
}

// unlockable says why the lock cannot be had: the place cannot be written, or
// another run has it.
func (k *keeper) unlockable(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("the checkpoint %s cannot be written: %w: name another place with --%s, or --%s %s for none",
			k.path, brief(err), flagCheckpoint, flagCheckpoint, none)
	}
	return fmt.Errorf("locking the checkpoint %s: %w: another send may be at work with it; "+
		"if none is, name another place with --%s", k.path, brief(err), flagCheckpoint)
}

func (k *keeper) lockPath() string { return k.path + ".lock" }

func (k *keeper) read(restarts bool) error {
	text, err := os.ReadFile(k.path)
	if restarts || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the checkpoint: %w", err)
	}
	var found checkpoint
	if err := json.Unmarshal(text, &found); err != nil || found.Version != checkpointVersion || found.Run == "" {
		return fmt.Errorf("%s is not a checkpoint of this command, or one of another version: "+
			"name another file with --%s, or replace it with --%s, which sends everything", k.path, flagCheckpoint, flagRestart)
	}
	if err := k.isOfThis(found); err != nil {
		return err
	}
	k.checkpoint, k.written = found, text
	return nil
}

// isOfThis refuses a checkpoint that says of another source what it has got.
func (k *keeper) isOfThis(found checkpoint) error {
	what := ""
	switch {
	case found.Endpoint != k.Endpoint:
		what = fmt.Sprintf("of sending to %s, and this sends to %s", found.Endpoint, k.Endpoint)
	case found.Source != k.Source:
		what = fmt.Sprintf("of the write key with the fingerprint %s, and the one in %s has %s", found.Source, keyVariable, k.Source)
	default:
		return nil
	}
	return fmt.Errorf("the checkpoint %s is %s: name another checkpoint with --%s, or begin from the start with --%s",
		k.path, what, flagCheckpoint, flagRestart)
}

// write makes the checkpoint last. A run that ends in the middle of it leaves the
// one before.
func (k *keeper) write() error {
	text, err := json.MarshalIndent(k.checkpoint, "", "  ")
	if err != nil || k.path == "" || bytes.Equal(text, k.written) {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(k.path), filepath.Base(k.path)+".next-")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name()) // unless it has got its name
	_, err = next.Write(append(text, '\n'))
	err = errors.Join(err, next.Sync(), next.Close())
	if err == nil {
		err = os.Rename(next.Name(), k.path)
	}
	if err == nil {
		k.written = text
	}
	return err
}

// close lets others use the checkpoint.
func (k *keeper) close() {
	if k.lock != nil {
		_ = k.lock.Close()
	}
}

// brief leaves the path out of an error that is said with it.
func brief(err error) error {
	var about *fs.PathError
	if errors.As(err, &about) {
		return about.Err
	}
	return err
}
