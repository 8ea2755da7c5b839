package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const connect = "github.com/redpanda-data/connect/v4"

// chosenFiles are the licence files of modules that have several, or none at
// the usual place, and that we take.
var chosenFiles = map[string][]string{
	// "EPL-2.0 OR BSD-3-Clause", as its edl-v10 says.
	"github.com/eclipse/paho.mqtt.golang": {"edl-v10"},
	// What we link of it is under the one or the other, file by file.
	connect: {"licenses/Apache-2.0.txt", "licenses/rcl.md"},
	// A fourth file has where a picture in its documents is from.
	"modernc.org/memory": {"LICENSE", "LICENSE-GO", "LICENSE-MMAP-GO"},
}

var (
	licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([-._].*)?$`)
	noticeFile  = regexp.MustCompile(`(?i)^notice([-._].*)?$`)
)

// licencesIn lists the licence files of a module.
func licencesIn(folder, path string) (files []string, err error) {
	for _, name := range chosenFiles[path] {
		files = append(files, filepath.Join(folder, filepath.FromSlash(name)))
	}
	if files != nil {
		return files, nil
	}
	if files, err = filesIn(folder, licenceFile); err == nil && len(files) == 0 {
		err = fmt.Errorf("looking for licences: %s has none", path)
	}
	return files, err
}

// filesIn lists the files of a folder whose names match, in the order of
// their names.
func filesIn(folder string, name *regexp.Regexp) (files []string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("looking for licences: %w", err)
	}
	for _, e := range entries {
		if !e.IsDir() && name.MatchString(e.Name()) && filepath.Ext(e.Name()) != ".go" {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	return files, nil
}

// licenceTexts are words that only one licence has, those that are part of
// another's text later.
var licenceTexts = []struct{ name, words string }{
	{"MPL-2.0", "mozilla public license"},
	{"EPL-2.0", "eclipse public license - v 2.0"},
	{"GPL", "gnu general public license"},
	{"RCL", "redpanda community license"},
	{"Apache-2.0", "apache license"},
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose"},
	{"ISC", "permission to use, copy, modify, and distribute this software for any purpose"},
	{"Unlicense", "this is free and unencumbered software released into the public domain"},
	{"BSD", "redistribution and use in source and binary forms"},
}

// nameLicence names the licence of a text, or says how it begins.
func nameLicence(text string) string {
	words := strings.ToLower(strings.Join(strings.Fields(text), " "))
	for _, licence := range licenceTexts {
		if strings.Contains(words, licence.words) {
			return licence.name
		}
	}
	return "unknown: " + words[:min(len(words), 80)]
}
