package lint

import (
	"strings"

	"github.com/xrash/smetrics"
)

// near returns the one of some names that was likely meant, or nothing.
func near(name string, names []string) (found string) {
	plain := plainName(name)
	best := 1 + len(plain)/3
	if len(plain) > 3 {
		best = max(best, 3) // two letters that changed places are two changes
	}
	for _, candidate := range names {
		distance := smetrics.WagnerFischer(plain, plainName(candidate), 1, 1, 1)
		if distance < best {
			found, best = candidate, distance
		}
	}
	return found
}

// plainName is a name without what people take for different ways to write it.
func plainName(name string) string {
	return strings.NewReplacer("_", "", "-", "", ".", "", " ", "").Replace(strings.ToLower(name))
}

// didYouMean ends a sentence about a name that nobody knows.
func didYouMean(name string, names []string) string {
	if meant := near(name, names); meant != "" {
		return "; did you mean " + meant + "?"
	}
	return ""
}

// choices lists names for a sentence.
func choices(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
