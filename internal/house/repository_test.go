package house

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// top is the root of the repository.
const top = "../.."

// tracked lists the files of the repository with that ending, by their paths
// from its root with slashes. Folders of tools and of what was built are left
// out, and so are test data.
func tracked(t *testing.T, ending string) (paths []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			switch entry.Name() {
			case ".git", ".cache", ".venv", "bin", "node_modules", "testdata":
				return fs.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(path, ending) {
			relative, err := filepath.Rel(top, path)
			paths = append(paths, filepath.ToSlash(relative))
			return err
		}
		return nil
	}))
	require.NotEmpty(t, paths)
	return paths
}

// read returns the text of a file, by its path from the root.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top, filepath.FromSlash(path)))
	require.NoError(t, err)
	return string(text)
}

// modulePath returns what the first line of go.mod calls the module.
func modulePath(t *testing.T) string {
	t.Helper()
	first, _, _ := strings.Cut(read(t, "go.mod"), "\n")
	name, isModule := strings.CutPrefix(first, "module ")
	require.True(t, isModule, first)
	return name
}
