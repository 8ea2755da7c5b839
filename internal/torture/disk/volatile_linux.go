package disk

import (
	"fmt"
	"math/rand/v2"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// volatile is a disk whose unsynced writes, new files and changed names are
// lost in a power cut, or a part of them: a mounted file system in front of the
// one that Pebble tests itself with.
type volatile struct {
	Folder
	memory *vfs.MemFS
	// server is nil while it is not mounted.
	server *fuse.Server
}

// NewVolatile mounts a disk whose power may be cut on a folder.
func NewVolatile(mount string) (Disk, error) {
	v := &volatile{Folder: Folder(mount), memory: vfs.NewCrashableMem()}
	if err := v.mount(); err != nil {
		return nil, err
	}
	return v, nil
}

// mount caches nothing: each write has reached the disk when it returns, and is
// there to be lost.
func (v *volatile) mount() (err error) {
	v.server, err = fs.Mount(v.Path(), &node{disk: v.memory}, &fs.Options{
		MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "volatile", Name: "volatile"},
	})
	if err != nil {
		return fmt.Errorf("mounting a disk whose power can be cut: %w", err)
	}
	return nil
}

// Cut keeps what was synced and, at random, nothing, some or all of the rest.
func (v *volatile) Cut(rng *rand.Rand) error {
	if err := v.Close(); err != nil {
		return err
	}
	v.memory = v.memory.CrashClone(vfs.CrashCloneCfg{
		UnsyncedDataPercent: []int{0, 50, 100}[rng.IntN(3)],
		RNG:                 rng,
	})
	return v.mount()
}

// Close unmounts it, unless that has happened.
func (v *volatile) Close() error {
	if v.server == nil {
		return nil
	}
	if err := v.server.Unmount(); err != nil {
		return fmt.Errorf("unmounting a disk whose power can be cut: %w", err)
	}
	v.server = nil
	return nil
}
