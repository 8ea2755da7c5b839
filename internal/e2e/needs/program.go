package needs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Program comes with a package of Debian.
type Program struct {
	// Name is looked for in PATH and where servers are; a pattern with a slash is
	// that of its path.
	Name    string
	Package string
}

// Path is where the program is, empty where it is not.
func (p Program) Path() string {
	if strings.Contains(p.Name, "/") {
		found, err := filepath.Glob(p.Name)
		if err != nil || len(found) == 0 {
			return ""
		}
		return found[len(found)-1]
	}
	for _, folder := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/local/sbin", "/usr/sbin", "/sbin") {
		path := filepath.Join(folder, p.Name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

// Missing implements Need.
func (p Program) Missing() string {
	if p.Path() != "" {
		return ""
	}
	return fmt.Sprintf("there is no %s (package %s)", filepath.Base(p.Name), p.Package)
}

func (p Program) of() []Need { return []Need{p} }

// Version is that of the package, or what the program is, where it did not come
// with the package.
func (p Program) Version(ctx context.Context) string {
	said, err := exec.CommandContext(ctx, "dpkg-query", "--show", "--showformat=${Version}", p.Package).Output()
	if err != nil || len(said) == 0 {
		return "of unknown version"
	}
	return upstream(string(said))
}

// upstream is a version of Debian's without its epoch and its revision.
func upstream(version string) string {
	if _, rest, found := strings.Cut(version, ":"); found {
		version = rest
	}
	if at := strings.LastIndex(version, "-"); at > 0 {
		version = version[:at]
	}
	version, _, _ = strings.Cut(version, "+")
	return version
}
