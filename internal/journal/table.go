package journal

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// checkTables fails where a table cannot be opened, which is no damage where the
// process has too many files open. Pebble's compactions would end the process over
// one.
func (p *place) checkTables(name string) error {
	if !p.exists(name) {
		return nil
	}
	files, err := dataFiles(p.fs, p.join(name))
	if err != nil {
		return err
	}
	for _, file := range files {
		if file.isLog {
			continue
		}
		err := checkTable(p.fs, p.join(name, file.name), false)
		if isDamage(err) {
			return fmt.Errorf("%w: %s: %w", errDamaged, file.name, err)
		}
		if err != nil {
			return fmt.Errorf("opening %s: %w", file.name, err)
		}
	}
	return nil
}

// checkTable fails where a table cannot be opened, or where one of its
// checksums does not hold.
func checkTable(fs vfs.FS, path string, withBlocks bool) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("reading it panicked: %v", cause)
		}
	}()
	file, err := fs.Open(path)
	if err != nil {
		return err
	}
	readable, err := sstable.NewSimpleReadable(file)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	options := engineOptions(fs)
	options.EnsureDefaults()
	// A reader that is not made has closed what it was to read.
	table, err := sstable.NewReader(context.Background(), readable, options.MakeReaderOptions())
	if err != nil {
		return err
	}
	if withBlocks {
		err = table.ValidateBlockChecksums()
	}
	return errors.Join(err, table.Close())
}
