package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const connect = "github.com/redpanda-data/connect/v4"

// weakCopyleft lists what is linked under a licence that asks for changes to
// its own files to be published. We change none of them.
var weakCopyleft = map[string]string{
	"github.com/hashicorp/golang-lru/v2":     "MPL-2.0", // caches of Benthos itself
	"github.com/hashicorp/golang-lru/arc/v2": "MPL-2.0",
	"github.com/hashicorp/go-uuid":           "MPL-2.0", // Kerberos for Kafka
}

// dualLicences lists modules whose licence file is not the one that we take.
var dualLicences = map[string]string{
	// "EPL-2.0 OR BSD-3-Clause", as its edl-v10 says.
	"github.com/eclipse/paho.mqtt.golang": "BSD",
}

// communityFiles lists packages of Redpanda Connect that are linked although
// they are under its community licence, which lets nobody offer them as a
// streaming service of their own.
var communityFiles = map[string]string{
	connect + "/internal/serviceaccount": "the Apache-2.0 component kafka imports it for one SASL mechanism, " +
		"that of Redpanda Cloud; Connect has it in its own community build, too",
}

// linkedPackage is what go list says of a package of the binary.
type linkedPackage struct {
	ImportPath, Dir string
	GoFiles         []string
	Module          *struct {
		Path, Dir string
		Main      bool
	}
}

func linkedPackages(t *testing.T) (list []linkedPackage) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Dir,GoFiles,Module", "../...")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	require.NoError(t, err, complaint.String())
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p linkedPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return list
		}
		require.NoError(t, err)
		list = append(list, p)
	}
}

// Every module that is linked has a licence that we know, and that lets us
// hand the binary on.
func TestOnlyAllowedLicencesAreLinked(t *testing.T) {
	modules, copyleft := map[string]string{}, map[string]bool{}
	for _, p := range linkedPackages(t) {
		if p.Module != nil && !p.Module.Main {
			modules[p.Module.Path] = p.Module.Dir
		}
	}
	require.Contains(t, modules, "github.com/redpanda-data/benthos/v4")
	for module, dir := range modules {
		if module == connect {
			continue // It has two licences, file by file; see below.
		}
		licence := licenceIn(t, dir)
		if chosen, isDual := dualLicences[module]; isDual {
			licence = chosen
		}
		if licence == weakCopyleft[module] {
			copyleft[module] = true
			continue
		}
		assert.Contains(t, []string{"Apache-2.0", "MIT", "BSD", "ISC"}, licence, module)
	}
	for module := range weakCopyleft {
		assert.True(t, copyleft[module], "%s is not linked any more, or has another licence", module)
	}
}

// The files of Redpanda Connect say by themselves which of its two licences
// they are under; the community licence does not let others offer it as a
// service.
func TestOnlyFreeComponentsOfConnectAreLinked(t *testing.T) {
	seen, excepted := 0, map[string]bool{}
	for _, p := range linkedPackages(t) {
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
	assert.Len(t, excepted, len(communityFiles), "an exception that is none any more")
}

// head returns the beginning of a file on one line.
func head(t *testing.T, file string) string {
	t.Helper()
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	return strings.Join(strings.Fields(strings.ReplaceAll(string(source[:min(len(source), 2000)]), "//", "")), " ")
}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([-._].*)?$`)

// licenceTexts are words that only one licence has, those that are part of
// another's text later.
var licenceTexts = []struct{ name, words string }{
	{"MPL-2.0", "mozilla public license"},
	{"GPL", "gnu general public license"},
	{"Apache-2.0", "apache license"},
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose"},
	{"ISC", "permission to use, copy, modify, and distribute this software for any purpose"},
	{"BSD", "redistribution and use in source and binary forms"},
}

// licenceIn names the licence of a module, or says what stands there instead.
func licenceIn(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	i := slices.IndexFunc(entries, func(e os.DirEntry) bool { return !e.IsDir() && licenceFile.MatchString(e.Name()) })
	if i < 0 {
		return "no licence file"
	}
	text, err := os.ReadFile(filepath.Join(dir, entries[i].Name()))
	require.NoError(t, err)
	words := strings.ToLower(strings.Join(strings.Fields(string(text)), " "))
	for _, licence := range licenceTexts {
		if strings.Contains(words, licence.words) {
			return licence.name
		}
	}
	return "unknown: " + words[:min(len(words), 80)]
}
