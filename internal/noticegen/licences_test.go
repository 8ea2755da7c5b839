package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every module that is linked has a licence that we know, and that lets us hand
// the binary on. The files of Connect that are not under Apache-2.0 are those that
// the page of licences names.
func TestOnlyAllowedLicencesAreLinked(t *testing.T) {
	for _, tags := range []string{"", cloud} {
		linked, err := linkedBinary(t.Context(), tags)
		require.NoError(t, err)
		assert.Empty(t, judge(linked, tags), "with the tags %q", tags)
		paths := []string{}
		for _, m := range linked.modules {
			paths = append(paths, m.path)
		}
		assert.Subset(t, paths, []string{"github.com/redpanda-data/benthos/v4", connect, goItself})
	}
}

// The default binary links one file under the licence that lets nobody offer the
// software as a service.
func TestTheDefaultBinaryHasOneFileUnderTheCommunityLicence(t *testing.T) {
	linked, err := linkedBinary(t.Context(), "")
	require.NoError(t, err)
	var found []string
	for _, f := range linked.excepted {
		if f.licence == community {
			found = append(found, f.pkg+"/"+f.name)
		}
	}
	assert.Equal(t, []string{"internal/serviceaccount/oauth2.go"}, found)
}

// allowedBinary links what has exceptions and nothing else.
func allowedBinary() (b binary) {
	b.modules = []module{{path: connect, licences: []string{"Apache-2.0", "RCL"}}}
	for path := range weakCopyleft {
		b.modules = append(b.modules, module{path: path, licences: []string{weakCopyleftLicence}})
	}
	for pkg, e := range exceptions {
		if e.tags == "" {
			b.excepted = append(b.excepted, exceptedFile{pkg, "a.go", e.licence})
		}
	}
	return b
}

func TestWhatMayNotBeLinkedIsFound(t *testing.T) {
	require.Empty(t, judge(allowedBinary(), ""))
	for says, change := range map[string]func(b *binary){
		"a is under GPL, ": func(b *binary) {
			b.modules = append(b.modules, module{path: "a", licences: []string{"MIT", "GPL"}})
		},
		"b is under unknown: all rights reserved., ": func(b *binary) {
			b.modules = append(b.modules, module{path: "b", licences: []string{nameLicence("All rights reserved.")}})
		},
		"c is under MPL-2.0, ": func(b *binary) {
			b.modules = append(b.modules, module{path: "c", licences: []string{"MPL-2.0"}})
		},
		"d is under RCL, ": func(b *binary) {
			b.modules = append(b.modules, module{path: "d", licences: []string{"RCL"}})
		},
		"internal/impl/snowflake/a.go of Connect is under RCL": func(b *binary) {
			b.excepted = append(b.excepted, exceptedFile{"internal/impl/snowflake", "a.go", community})
		},
		"internal/impl/mysql/event.go of Connect is under RCL": func(b *binary) {
			b.excepted = append(b.excepted, exceptedFile{"internal/impl/mysql", "event.go", community})
		},
		"internal/serviceaccount/b.go of Connect is under unknown": func(b *binary) {
			b.excepted = append(b.excepted, exceptedFile{"internal/serviceaccount", "b.go", "unknown"})
		},
		"of Connect is not linked any more: ": func(b *binary) { b.excepted = b.excepted[1:] },
		"is not linked any more, or has":      func(b *binary) { b.modules = b.modules[:len(b.modules)-1] },
	} {
		b := allowedBinary()
		change(&b)
		complaints := judge(b, "")
		require.Len(t, complaints, 1, says)
		assert.Contains(t, complaints[0], says)
	}
}

func TestTheLicenceOfAFileOfConnectIsReadFromItsHead(t *testing.T) {
	for source, want := range map[string]string{
		"// Licensed under the Apache License, Version 2.0 (the \"License\");\n\npackage a\n":                                    "Apache-2.0",
		"// Licensed under the Apache License,\n// Version 2.0\n// This file has code under the MIT License\n\npackage a\n":      "Apache-2.0",
		"// Licensed as a Redpanda Enterprise file under the Redpanda Community\n// License (the \"License\")\n\npackage a\n":    "RCL",
		"/*\n * governed by the Business Source License\n * governed by the\n * Apache License, Version 2.0\n */\n\npackage a\n": "BSL",
		"// MIT License\n//\n// Permission is hereby granted\npackage a\n":                                                       "MIT",
		"package a\n\n// Licensed under the Apache License, Version 2.0\n":                                                       "unknown",
		"//go:build unix\n\npackage a\n\nconst text = \"Redpanda Community License\"\n":                                          "unknown",
	} {
		assert.Equal(t, want, licenceOfFile([]byte(source)), source)
	}
}
