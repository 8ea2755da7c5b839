package disk

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// node is a file or a directory of a volatile disk, as the kernel asks for it.
type node struct {
	fs.Inode
	disk *vfs.MemFS
}

var (
	_ fs.NodeLookuper  = (*node)(nil)
	_ fs.NodeGetattrer = (*node)(nil)
	_ fs.NodeSetattrer = (*node)(nil)
	_ fs.NodeCreater   = (*node)(nil)
	_ fs.NodeOpener    = (*node)(nil)
	_ fs.NodeMkdirer   = (*node)(nil)
	_ fs.NodeReaddirer = (*node)(nil)
	_ fs.NodeUnlinker  = (*node)(nil)
	_ fs.NodeRmdirer   = (*node)(nil)
	_ fs.NodeRenamer   = (*node)(nil)
	_ fs.NodeFsyncer   = (*node)(nil)
	_ fs.NodeStatfser  = (*node)(nil)
)

// at is the path of the node, or of something in it.
func (n *node) at(names ...string) string {
	return path.Join(append([]string{"/", n.Path(nil)}, names...)...)
}

func errnoOf(err error) syscall.Errno {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, os.ErrNotExist):
		return syscall.ENOENT
	case errors.Is(err, os.ErrExist):
		return syscall.EEXIST
	default:
		return syscall.EIO
	}
}

func describe(info os.FileInfo, attr *fuse.Attr) {
	attr.Mode, attr.Nlink = modeOf(info)|0o700, 1
	attr.Size = uint64(info.Size())
	modified := info.ModTime()
	attr.SetTimes(nil, &modified, nil)
}

func modeOf(info os.FileInfo) uint32 {
	if info.IsDir() {
		return fuse.S_IFDIR
	}
	return fuse.S_IFREG
}

// child makes the node of what was found or made at a path.
func (n *node) child(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	info, err := n.disk.Stat(n.at(name))
	if err != nil {
		return nil, errnoOf(err)
	}
	describe(info, &out.Attr)
	return n.NewInode(ctx, &node{disk: n.disk}, fs.StableAttr{Mode: modeOf(info)}), 0
}

func (n *node) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return n.child(ctx, name, out)
}

// Getattr asks the open file where there is one, which may have no name any
// more.
func (n *node) Getattr(_ context.Context, h fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	stat := func() (vfs.FileInfo, error) { return n.disk.Stat(n.at()) }
	if f, isFile := h.(*file); isFile {
		stat = f.open.Stat
	}
	info, err := stat()
	if err != nil {
		return errnoOf(err)
	}
	describe(info, &out.Attr)
	return 0
}

// Setattr takes every mode and every time, and keeps none. A file is cut short
// to nothing or not at all.
func (n *node) Setattr(ctx context.Context, h fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	switch size, isSized := in.GetSize(); {
	case isSized && size > 0:
		return syscall.ENOTSUP
	case isSized:
		empty, err := n.disk.Create(n.at(), vfs.WriteCategoryUnspecified)
		if err != nil {
			return errnoOf(err)
		}
		_ = empty.Close() // of memory
		h = nil
	}
	return n.Getattr(ctx, h, out)
}

func (n *node) Create(ctx context.Context, name string, _, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	open, err := n.disk.Create(n.at(name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, nil, 0, errnoOf(err)
	}
	made, errno := n.child(ctx, name, out)
	return made, &file{open}, fuse.FOPEN_DIRECT_IO, errno
}

func (n *node) Open(_ context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	open := func() (vfs.File, error) {
		return n.disk.OpenReadWrite(n.at(), vfs.WriteCategoryUnspecified)
	}
	if flags&syscall.O_TRUNC != 0 {
		open = func() (vfs.File, error) { return n.disk.Create(n.at(), vfs.WriteCategoryUnspecified) }
	}
	opened, err := open()
	if err != nil {
		return nil, 0, errnoOf(err)
	}
	return &file{opened}, fuse.FOPEN_DIRECT_IO, 0
}

func (n *node) Mkdir(ctx context.Context, name string, _ uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if err := n.disk.MkdirAll(n.at(name), 0o700); err != nil {
		return nil, errnoOf(err)
	}
	return n.child(ctx, name, out)
}

func (n *node) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	names, err := n.disk.List(n.at())
	if err != nil {
		return nil, errnoOf(err)
	}
	var entries []fuse.DirEntry
	for _, name := range names {
		if info, err := n.disk.Stat(n.at(name)); err == nil {
			entries = append(entries, fuse.DirEntry{Name: name, Mode: modeOf(info)})
		}
	}
	return fs.NewListDirStream(entries), 0
}

func (n *node) Unlink(_ context.Context, name string) syscall.Errno {
	return errnoOf(n.disk.Remove(n.at(name)))
}

func (n *node) Rmdir(_ context.Context, name string) syscall.Errno {
	return errnoOf(n.disk.Remove(n.at(name)))
}

func (n *node) Rename(_ context.Context, name string, to fs.InodeEmbedder, newName string, _ uint32) syscall.Errno {
	folder := path.Join("/", to.EmbeddedInode().Path(nil))
	return errnoOf(n.disk.Rename(n.at(name), path.Join(folder, newName)))
}

// Fsync makes a file, or the names in a directory, survive a power cut.
func (n *node) Fsync(_ context.Context, h fs.FileHandle, _ uint32) syscall.Errno {
	if f, isFile := h.(*file); isFile {
		return errnoOf(f.open.Sync())
	}
	folder, err := n.disk.OpenDir(n.at())
	if err != nil {
		return errnoOf(err)
	}
	defer folder.Close()
	return errnoOf(folder.Sync())
}

// Statfs says that there is room: what the disk has is the memory of this
// process.
func (n *node) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	out.Bsize, out.Frsize, out.NameLen = 4096, 4096, 255
	out.Blocks, out.Bfree, out.Bavail = 1<<24, 1<<24, 1<<24
	return 0
}

// file is an open file.
type file struct{ open vfs.File }

var (
	_ fs.FileReader    = (*file)(nil)
	_ fs.FileWriter    = (*file)(nil)
	_ fs.FileAllocater = (*file)(nil)
	_ fs.FileReleaser  = (*file)(nil)
)

func (f *file) Read(_ context.Context, into []byte, offset int64) (fuse.ReadResult, syscall.Errno) {
	n, err := f.open.ReadAt(into, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errnoOf(err)
	}
	return fuse.ReadResultData(into[:n]), 0
}

func (f *file) Write(_ context.Context, data []byte, offset int64) (uint32, syscall.Errno) {
	n, err := f.open.WriteAt(data, offset)
	return uint32(n), errnoOf(err)
}

// Allocate reserves nothing: there is always room.
func (f *file) Allocate(context.Context, uint64, uint64, uint32) syscall.Errno { return 0 }

func (f *file) Release(context.Context) syscall.Errno { return errnoOf(f.open.Close()) }
