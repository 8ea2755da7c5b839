package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// profilePath is what the binary is built by. Its functions have the path of the
// module in their names.
const profilePath = "cmd/benthos-segment/default.pgo"

// Rename gives the module of a repository another path, and returns how many
// files it has changed. The path that it has is the one in go.mod.
func Rename(root, to string) (changed int, err error) {
	if err := module.CheckPath(to); err != nil {
		return 0, fmt.Errorf("MODULE must be a path that can be fetched, such as example.com/owner/benthos-segment: %w", err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return 0, fmt.Errorf("looking for the path of the module: %w", err)
	}
	from := modfile.ModulePath(mod)
	files, err := filesOf(root)
	if err != nil {
		return 0, err
	}
	names := namer{from: from, to: to, folders: foldersOf(files)}
	for _, file := range files {
		isChanged, err := names.rewrite(root, file)
		if err != nil {
			return changed, fmt.Errorf("renaming in %s: %w", file, err)
		}
		if isChanged {
			changed++
		}
	}
	return changed, nil
}

// filesOf lists what git has or would add.
func filesOf(root string) ([]string, error) {
	list := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the files with git: %w", err)
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 }), nil
}

// foldersOf are the folders at the top that have packages.
func foldersOf(files []string) map[string]bool {
	folders := make(map[string]bool)
	for _, file := range files {
		top, _, isBelow := strings.Cut(file, "/")
		if isBelow && strings.HasSuffix(file, ".go") {
			folders[top] = true
		}
	}
	return folders
}

var (
	// folder is the first one of a path.
	folder = regexp.MustCompile(`^[A-Za-z0-9_-]+`)
	// version is what follows a module on a command line of go.
	version = regexp.MustCompile(`^(@v\d|@latest|=\.\.)`)
)

// namer knows where a text names the module, and not the binary, the service
// or a folder, which have the same name.
type namer struct {
	from, to string
	folders  map[string]bool
}

// rewrite renames the module in a file, if it is named there.
func (n namer) rewrite(root, file string) (isChanged bool, err error) {
	where := filepath.Join(root, filepath.FromSlash(file))
	info, err := os.Lstat(where)
	if err != nil || !info.Mode().IsRegular() {
		return false, ignoreMissing(err)
	}
	before, err := os.ReadFile(where)
	if err != nil {
		return false, err
	}
	after := before
	switch {
	case file == profilePath:
		after, err = n.inProfile(before)
	case path.Base(file) == "go.mod":
		after, err = n.inGoMod(before)
	case utf8.Valid(before):
		after = n.inText(before, false)
	}
	if err != nil || bytes.Equal(before, after) {
		return false, err
	}
	return true, os.WriteFile(where, after, info.Mode().Perm())
}

// ignoreMissing forgives a file that git knows and somebody has deleted.
func ignoreMissing(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// inText renames the module in a text: everywhere in a go.mod, and elsewhere
// where it is the start of a package's path or has a version.
func (n namer) inText(text []byte, isGoMod bool) []byte {
	var out []byte
	rest := text
	for before := byte(0); ; {
		at := bytes.Index(rest, []byte(n.from))
		if at < 0 {
			return append(out, rest...)
		}
		if at > 0 {
			before = rest[at-1]
		}
		out = append(out, rest[:at]...)
		rest = rest[at+len(n.from):]
		if isPartOfPath(before) || !n.isModule(rest, isGoMod) {
			out = append(out, n.from...)
		} else {
			out = append(out, n.to...)
		}
		before = n.from[len(n.from)-1]
	}
}

// isPartOfPath says whether what follows such a letter goes on with a path or a
// name.
func isPartOfPath(b byte) bool {
	return b == '/' || b == '.' || b == '-' || b == '_' || b == '@' ||
		'0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// isModule says by what comes after the name whether it is that of the module.
func (n namer) isModule(after []byte, isGoMod bool) bool {
	if rest, isPath := bytes.CutPrefix(after, []byte("/")); isPath {
		return n.folders[string(folder.Find(rest))]
	}
	if isGoMod {
		return len(after) == 0 || after[0] == '@' || !isPartOfPath(after[0])
	}
	return version.Match(after)
}
