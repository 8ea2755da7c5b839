package brokers

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// syncAll makes what a broker has written at its start survive a power cut, as
// if it had been running for a while.
func syncAll(folder string) error {
	return filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("syncing: %w", err)
		}
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // It was temporary.
		}
		if err != nil {
			return fmt.Errorf("syncing: %w", err)
		}
		defer file.Close()
		return file.Sync()
	})
}
