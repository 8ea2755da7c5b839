package disk

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"sync"
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
		stat = f.stat
	}
	info, err := stat()
	if err != nil {
		return errnoOf(err)
	}
	describe(info, &out.Attr)
	return 0
}

// Setattr takes every mode and every time, and keeps none.
func (n *node) Setattr(ctx context.Context, h fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, isSized := in.GetSize(); isSized {
		if err := n.resize(h, int(size)); err != nil {
			return errnoOf(err)
		}
	}
	return n.Getattr(ctx, h, out)
}

// resize cuts a file short, or adds zeros to it. The memory cannot do that, so
// that another file takes its place, also where it is open by that handle.
func (n *node) resize(h fs.FileHandle, size int) error {
	content, err := n.content()
	if err != nil {
		return err
	}
	content = append(content, make([]byte, max(0, size-len(content)))...)[:size]
	made, err := n.disk.Create(n.at(), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if _, err := made.Write(content); err != nil {
		return errors.Join(err, made.Close())
	}
	if err := made.Close(); err != nil {
		return err
	}
	f, isOpen := h.(*file)
	if !isOpen {
		return nil
	}
	opened, err := n.disk.OpenReadWrite(n.at(), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	return f.replace(opened)
}

func (n *node) content() ([]byte, error) {
	open, err := n.disk.Open(n.at())
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(open)
	return content, errors.Join(err, open.Close())
}

func (n *node) Create(ctx context.Context, name string, _, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	open, err := n.disk.Create(n.at(name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, nil, 0, errnoOf(err)
	}
	made, errno := n.child(ctx, name, out)
	return made, &file{open: open}, fuse.FOPEN_DIRECT_IO, errno
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
	return &file{open: opened}, fuse.FOPEN_DIRECT_IO, 0
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
		return errnoOf(f.sync())
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
type file struct {
	mu   sync.RWMutex
	open vfs.File
}

var (
	_ fs.FileReader    = (*file)(nil)
	_ fs.FileWriter    = (*file)(nil)
	_ fs.FileAllocater = (*file)(nil)
	_ fs.FileReleaser  = (*file)(nil)
)

// replace has the handle go on with another file.
func (f *file) replace(with vfs.File) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.open
	f.open = with
	return before.Close()
}

func (f *file) stat() (vfs.FileInfo, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.open.Stat()
}

func (f *file) sync() error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.open.Sync()
}

func (f *file) Read(_ context.Context, into []byte, offset int64) (fuse.ReadResult, syscall.Errno) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	n, err := f.open.ReadAt(into, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errnoOf(err)
	}
	return fuse.ReadResultData(into[:n]), 0
}

func (f *file) Write(_ context.Context, data []byte, offset int64) (uint32, syscall.Errno) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	n, err := f.open.WriteAt(data, offset)
	return uint32(n), errnoOf(err)
}

// Allocate reserves nothing: there is always room.
func (f *file) Allocate(context.Context, uint64, uint64, uint32) syscall.Errno { return 0 }

func (f *file) Release(context.Context) syscall.Errno {
	f.mu.Lock()
	defer f.mu.Unlock()
	return errnoOf(f.open.Close())
}
