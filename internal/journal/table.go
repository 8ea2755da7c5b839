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
func (p *place) checkTables(log Logger) error {
	if !p.exists(dbName) {
		return nil
	}
	files, err := dataFiles(p.fs, p.join(dbName))
	if err != nil {
		return err
	}
	damaged := map[uint64]error{}
	for _, file := range files {
		if file.isLog {
			continue
		}
		err := checkTable(p.fs, p.join(dbName, file.name), false)
		if isDamage(err) {
			damaged[file.number] = fmt.Errorf("%w: %s: %w", errDamaged, file.name, err)
		} else if err != nil {
			return fmt.Errorf("opening %s: %w", file.name, err)
		}
	}
	if len(damaged) == 0 {
		return nil
	}
	return p.damageInUse(damaged, log)
}

// damageInUse returns what is damaged of the tables that Pebble uses. It uses none
// that was being written when the process was killed: what such a table was to hold
// is still in the files before it, which verify makes sure of.
func (p *place) damageInUse(damaged map[uint64]error, log Logger) error {
	e, err := p.openEngineAs(dbName, log, true)
	if err != nil {
		return err
	}
	inUse, err := e.tablesInUse()
	if err != nil {
		e.abandon()
		return err
	}
	for number, err := range damaged {
		if inUse[number] {
			e.abandon()
			return err
		}
	}
	return e.close()
}

// tablesInUse returns the numbers of the tables that hold what is in the queue.
func (e *engine) tablesInUse() (map[uint64]bool, error) {
	levels, err := e.db.SSTables()
	if err != nil {
		return nil, err
	}
	inUse := map[uint64]bool{}
	for _, level := range levels {
		for _, table := range level {
			inUse[uint64(table.BackingSSTNum)] = true
		}
	}
	return inUse, nil
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
