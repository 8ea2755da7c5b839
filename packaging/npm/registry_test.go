package npm

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// registry serves packages as npm's does, so that npm chooses by platform and
// installs as it would for a user.
func registry(t *testing.T, folder string) (url string) {
	t.Helper()
	served := make(map[string]any)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if file := filepath.Base(r.URL.Path); strings.HasSuffix(file, ".tgz") {
			http.ServeFile(w, r, filepath.Join(folder, file))
			return
		}
		document, isThere := served[strings.TrimPrefix(r.URL.Path, "/")]
		if !isThere {
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(document)
	}))
	t.Cleanup(server.Close)
	archives, err := filepath.Glob(filepath.Join(folder, "*.tgz"))
	require.NoError(t, err)
	require.NotEmpty(t, archives)
	for _, archive := range archives {
		manifest := manifestOf(t, archive)
		name, version := manifest["name"].(string), manifest["version"].(string)
		manifest["dist"] = map[string]string{"tarball": server.URL + "/" + filepath.Base(archive)}
		served[name] = map[string]any{
			"name": name, "dist-tags": map[string]string{"latest": version}, "versions": map[string]any{version: manifest},
		}
	}
	return server.URL
}

// manifestOf reads the package.json of a package.
func manifestOf(t *testing.T, archive string) (manifest map[string]any) {
	t.Helper()
	file, err := os.Open(archive)
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	for reader := tar.NewReader(unzipped); ; {
		header, err := reader.Next()
		require.NoError(t, err, "%s has no package.json", archive)
		if header.Name == "package/package.json" {
			text, err := io.ReadAll(reader)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(text, &manifest))
			return manifest
		}
	}
}
