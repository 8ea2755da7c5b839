package journal

import (
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// logFS keeps the errors of logs and of directories from Pebble. It panics at
// them, also in goroutines of its own, where nobody can recover, and with a lock
// that it unlocks twice then, which ends the process. The engine fails instead:
// whatever it is told afterwards, nobody takes its word.
type logFS struct {
	vfs.FS
	fail func(error)
}

// Create makes a file.
func (l *logFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := l.FS.Create(name, category)
	return l.log(name, file, err)
}

// ReuseForWrite makes a log of an old one.
func (l *logFS) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := l.FS.ReuseForWrite(old, name, category)
	return l.log(name, file, err)
}

func (l *logFS) log(name string, file vfs.File, err error) (vfs.File, error) {
	if !strings.HasSuffix(name, logSuffix) {
		return file, err
	}
	if err != nil {
		l.fail(err)
		file = vfs.NewMemFile(nil)
	}
	return &logFile{file, l.fail}, nil
}

// OpenDir opens a directory, which is synced when a log is made.
func (l *logFS) OpenDir(name string) (vfs.File, error) {
	file, err := l.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &logFile{file, l.fail}, nil
}

// logFile is a file whose errors are those of the engine.
type logFile struct {
	vfs.File
	fail func(error)
}

func (f *logFile) note(err error) {
	if err != nil {
		f.fail(err)
	}
}

// Write writes at the end.
func (f *logFile) Write(data []byte) (int, error) {
	_, err := f.File.Write(data)
	f.note(err)
	return len(data), nil
}

// Sync syncs all of it, SyncData what was written, SyncTo a part.
func (f *logFile) Sync() error {
	f.note(f.File.Sync())
	return nil
}

// SyncData is like Sync.
func (f *logFile) SyncData() error {
	f.note(f.File.SyncData())
	return nil
}

// SyncTo is like Sync.
func (f *logFile) SyncTo(length int64) (isAll bool, err error) {
	isAll, err = f.File.SyncTo(length)
	f.note(err)
	return isAll, nil
}

// Close closes it.
func (f *logFile) Close() error {
	f.note(f.File.Close())
	return nil
}
