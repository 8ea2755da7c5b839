// Package disk has disks that a queue may lie on: a folder, a small one that
// gets full, and one whose power may be cut.
package disk

import "math/rand/v2"

// Disk is where a queue lies.
type Disk interface {
	// Path is a folder on it.
	Path() string
	// Cut is a power cut, where the disk knows any. Nobody uses it meanwhile.
	Cut(rng *rand.Rand) error
	// Close takes the disk away.
	Close() error
}

// Folder is a folder of the disk of this machine. It has no power cuts.
type Folder string

// Path returns it.
func (f Folder) Path() string { return string(f) }

// Cut does nothing.
func (Folder) Cut(*rand.Rand) error { return nil }

// Close does nothing.
func (Folder) Close() error { return nil }
