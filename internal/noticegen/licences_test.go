package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// weakCopyleft lists what is linked under a licence that asks for changes to
// its own files to be published. We change none of them.
var weakCopyleft = map[string]string{
	"github.com/hashicorp/golang-lru/v2":     "MPL-2.0", // caches of Benthos itself
	"github.com/hashicorp/golang-lru/arc/v2": "MPL-2.0",
	"github.com/hashicorp/go-uuid":           "MPL-2.0", // Kerberos for Kafka
}

// communityFiles lists packages of Redpanda Connect that are linked although
// they are under its community licence, which lets nobody offer them as a
// streaming service of their own.
var communityFiles = map[string]string{
	connect + "/internal/serviceaccount": "the Apache-2.0 component kafka imports it for one SASL mechanism, " +
		"that of Redpanda Cloud; Connect has it in its own community build, too",
}

// Every module that is linked has a licence that we know, and that lets us
// hand the binary on.
func TestOnlyAllowedLicencesAreLinked(t *testing.T) {
	modules, err := linkedModules(t.Context())
	require.NoError(t, err)
	paths, copyleft := []string{}, map[string]bool{}
	for _, m := range modules {
		paths = append(paths, m.path)
		for _, licence := range m.licences {
			if licence == weakCopyleft[m.path] {
				copyleft[m.path] = true
				continue
			}
			if m.path == connect && licence == "RCL" {
				continue // It has two licences, file by file; see below.
			}
			assert.Contains(t, []string{"Apache-2.0", "MIT", "BSD", "ISC", "Unlicense"}, licence, m.path)
		}
	}
	require.Subset(t, paths, []string{"github.com/redpanda-data/benthos/v4", connect, goItself})
	for module := range weakCopyleft {
		assert.True(t, copyleft[module], "%s is not linked any more, or has another licence", module)
	}
}

// The files of Redpanda Connect say by themselves which of its two licences
// they are under; the community licence does not let others offer it as a
// service.
func TestOnlyFreeComponentsOfConnectAreLinked(t *testing.T) {
	seen, excepted := 0, map[string]bool{}
	packages, err := linkedPackages(t.Context(), "linux")
	require.NoError(t, err)
	for _, p := range packages {
		if p.Module == nil || p.Module.Path != connect {
			continue
		}
		seen++
		for _, file := range p.GoFiles {
			isFree := strings.Contains(head(t, filepath.Join(p.Dir, file)), "Licensed under the Apache License, Version 2.0")
			if _, isKnown := communityFiles[p.ImportPath]; isKnown && !isFree {
				excepted[p.ImportPath] = true
				continue
			}
			assert.True(t, isFree, "%s/%s", p.ImportPath, file)
		}
	}
	assert.Positive(t, seen)
	assert.Len(t, excepted, len(communityFiles), "an exception that is no longer needed")
}

// head returns the beginning of a file on one line.
func head(t *testing.T, file string) string {
	t.Helper()
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	return strings.Join(strings.Fields(strings.ReplaceAll(string(source[:min(len(source), 2000)]), "//", "")), " ")
}
