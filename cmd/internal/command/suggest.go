package command

import (
	"strings"

	"github.com/urfave/cli/v2"
	"github.com/xrash/smetrics"
)

// alike is how much two names have in common at least, from 0 to 1, for one to
// be what somebody meant who wrote the other.
const alike = 0.8

// nearest returns the name that is most like what was written, or nothing.
func nearest(written string, names []string) (name string) {
	best := alike
	for _, candidate := range names {
		// As in the paper of Winkler: the first four letters count more, where
		// the rest is alike enough.
		if likeness := smetrics.JaroWinkler(strings.ToLower(written), candidate, 0.7, 4); likeness > best {
			name, best = candidate, likeness
		}
	}
	return name
}

// DidYouMean returns the end of a sentence about a name that there is not.
func DidYouMean(written string, names []string) string {
	name := nearest(written, names)
	if name == "" {
		return ""
	}
	return ": did you mean " + name + "?"
}

// commandNames returns the names that a user may give.
func commandNames(commands []*cli.Command) (names []string) {
	for _, c := range commands {
		if !c.Hidden {
			names = append(names, c.Names()...)
		}
	}
	return names
}

// flagNames returns the long names of flags with their dashes.
func flagNames(flags []cli.Flag) (names []string) {
	for _, f := range flags {
		for _, name := range f.Names() {
			if len(name) > 1 {
				names = append(names, "--"+name)
			}
		}
	}
	return names
}
