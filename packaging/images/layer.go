package main

import (
	"archive/tar"
	"bytes"
	"io"
	"maps"
	"path"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// userID is the user and the group of the process, by the number that images
// without a root user have in common.
const userID = 65532

// entry is a file or a directory of a layer.
type entry struct {
	mode    int64
	isDir   bool
	isUsers bool // and not root's
	text    []byte
}

// tree is what a layer holds, by path.
type tree map[string]entry

func (t tree) file(name string, mode int64, text []byte) { t[name] = entry{mode: mode, text: text} }

// layer packs a tree. The same tree gives the same bytes.
func (t tree) layer(date time.Time) (v1.Layer, error) {
	for _, name := range slices.Collect(maps.Keys(t)) {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, isThere := t[dir]; !isThere {
				t[dir] = entry{mode: 0o755, isDir: true}
			}
		}
	}
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if err := t[name].write(w, name, date); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed.Bytes())), nil
	})
}

func (e entry) write(w *tar.Writer, name string, date time.Time) error {
	header := &tar.Header{Name: name, Mode: e.mode, Size: int64(len(e.text)), ModTime: date.UTC(), Typeflag: tar.TypeReg, Format: tar.FormatPAX}
	if e.isDir {
		header.Name, header.Typeflag = name+"/", tar.TypeDir
	}
	if e.isUsers {
		header.Uid, header.Gid = userID, userID
	}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err := w.Write(e.text)
	return err
}
