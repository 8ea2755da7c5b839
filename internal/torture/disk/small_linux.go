package disk

import (
	"fmt"
	"syscall"
)

// small is a file system in memory.
type small struct{ Folder }

// NewSmall mounts a disk of so many bytes on a folder.
func NewSmall(mount string, bytes int) (Disk, error) {
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		return nil, fmt.Errorf("mounting a small disk: %w", err)
	}
	return small{Folder(mount)}, nil
}

// Close unmounts it.
func (s small) Close() error {
	if err := syscall.Unmount(s.Path(), syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("unmounting a small disk: %w", err)
	}
	return nil
}
