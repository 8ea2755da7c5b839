package main

import (
	"cmp"
	"context"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// environment looks variables up for configs, and remembers which were.
type environment struct {
	mu    sync.Mutex
	names map[string]bool
}

func newEnvironment() *environment { return &environment{names: map[string]bool{}} }

// lookup is for the engine.
func (e *environment) lookup(_ context.Context, name string) (string, bool) {
	e.remember(name)
	return os.LookupEnv(name)
}

func (e *environment) remember(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.names[name] = true
}

var reference = regexp.MustCompile(`\$\{([0-9A-Za-z_.]+)(:[^}]*)?\}`)

// rememberIn notes the variables that a config names which the engine reads
// without asking here.
func (e *environment) rememberIn(config []byte) {
	for _, match := range reference.FindAllSubmatch(config, -1) {
		e.remember(string(match[1]))
	}
}

// tellingLength is how long a value has to be to be looked for inside of
// texts. Shorter ones, such as a number of threads, are there by chance.
const tellingLength = 8

// hide puts the names of variables where their values stand.
//
// Of two variables with the same value, either may be named.
func (e *environment) hide(text string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	values := map[string]string{}
	for name := range e.names {
		if value := os.Getenv(name); len(value) >= tellingLength {
			values[value] = "${" + name + "}"
		}
	}
	return replaceAll(text, values)
}

// replaceAll replaces the longest texts first: a part of one may be another.
func replaceAll(text string, by map[string]string) string {
	olds := slices.Collect(maps.Keys(by))
	slices.SortFunc(olds, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	for _, old := range olds {
		text = strings.ReplaceAll(text, old, by[old])
	}
	return text
}
