package needs

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

//go:embed */pom.xml
var poms embed.FS

// Jars are archives from Maven's repository, with all that they depend on.
type Jars struct{ Name string }

// Folder is where the archives are once they are installed. Its name has a hash
// of the pom: another version is another folder.
func (j Jars) Folder() string {
	sum := sha256.Sum256(j.pom())
	return filepath.Join(Cache(), "jars", j.Name+"-"+hex.EncodeToString(sum[:4]))
}

func (j Jars) pom() []byte {
	text, err := poms.ReadFile(j.Name + "/pom.xml")
	if err != nil {
		panic(err) // it is compiled in
	}
	return text
}

// ClassPath is what a Java virtual machine takes for -cp.
func (j Jars) ClassPath() string { return filepath.Join(j.Folder(), "*") }

// Version is that of an archive, by its file's name.
func (j Jars) Version(artifact string) string {
	found, err := filepath.Glob(filepath.Join(j.Folder(), artifact+"-[0-9]*.jar"))
	if err != nil || len(found) == 0 {
		return "of unknown version"
	}
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(found[0]), artifact+"-"), ".jar")
}

// Missing implements Need.
func (j Jars) Missing() string {
	if _, err := os.Stat(j.Folder()); err != nil {
		return fmt.Sprintf("the archives of %s are not installed (make e2e does that)", j.Name)
	}
	return ""
}

func (j Jars) of() []Need { return []Need{Java, Maven, j} }

// install has Maven copy the archives into the folder, which is there only when
// all of them are.
func (j Jars) install(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(j.Folder()), 0o755); err != nil {
		return fmt.Errorf("making a folder for %s: %w", j.Name, err)
	}
	work, err := os.MkdirTemp(filepath.Dir(j.Folder()), "installing-")
	if err != nil {
		return fmt.Errorf("making a folder for %s: %w", j.Name, err)
	}
	defer os.RemoveAll(work)
	if err := os.WriteFile(filepath.Join(work, "pom.xml"), j.pom(), 0o644); err != nil {
		return fmt.Errorf("writing the pom of %s: %w", j.Name, err)
	}
	mvn := exec.CommandContext(ctx, Maven.Path(), "-q", "-B", "-f", filepath.Join(work, "pom.xml"),
		"dependency:copy-dependencies", "-DoutputDirectory="+filepath.Join(work, "jars"))
	if said, err := mvn.CombinedOutput(); err != nil {
		return fmt.Errorf("installing the archives of %s: %w\n%s", j.Name, err, said)
	}
	if err := os.Rename(filepath.Join(work, "jars"), j.Folder()); err != nil {
		return fmt.Errorf("installing the archives of %s: %w", j.Name, err)
	}
	return nil
}

// Cache is a folder of the project's that Git ignores. It keeps what was built
// and installed for the parts, and the logs of those that failed.
func Cache() string { return filepath.Join(Project(), "bin", "e2e") }

// ProjectVariable names the folder of the project to a program of it that runs in
// another folder, as a server does that this program becomes.
const ProjectVariable = "E2E_PROJECT"

// Project is the folder of the whole project.
var Project = sync.OnceValue(func() string {
	if folder, exists := os.LookupEnv(ProjectVariable); exists {
		return folder
	}
	folder, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	for above := folder; above != filepath.Dir(above); above = filepath.Dir(above) {
		text, err := fs.ReadFile(os.DirFS(above), "go.mod")
		if err == nil && strings.HasPrefix(string(text), "module benthos-segment\n") {
			return above
		}
	}
	panic(folder + " is not in this project")
})
