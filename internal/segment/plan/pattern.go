package plan

import (
	"regexp"
	"sync/atomic"
	"time"

	"github.com/dlclark/regexp2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	// maxMatching bounds the time of one match.
	maxMatching = 100 * time.Millisecond
	// Of so many texts in a row, a pattern may take too long for maxTooLong. Then the
	// rest of them pass: one event can have thousands of texts. The next ones are
	// matched again.
	textsInRow, maxTooLong = 10_000, 3
)

// ecmaScript compiles the regular expressions of RudderStack's plans. Go's
// engine takes the same time for each character and is preferred; what it does
// not know, such as lookaheads, goes to an engine that backtracks. skipped counts
// the texts that pass without a match.
func ecmaScript(skipped *atomic.Int64) jsonschema.RegexpEngine {
	return func(pattern string) (jsonschema.Regexp, error) {
		if compiled, err := regexp.Compile(pattern); err == nil {
			return compiled, nil
		}
		compiled, err := regexp2.Compile(pattern, regexp2.ECMAScript|regexp2.Unicode)
		if err != nil {
			return nil, err
		}
		compiled.MatchTimeout = maxMatching
		return &backtracking{Regexp: compiled, skipped: skipped}, nil
	}
}

// backtracking is an expression that may take very long. If it takes too long,
// the event passes, as it does at RudderStack if anything goes wrong.
type backtracking struct {
	*regexp2.Regexp
	texts, tooLong atomic.Int64
	skipped        *atomic.Int64
}

func (b *backtracking) MatchString(text string) bool {
	if b.texts.Add(1)%textsInRow == 0 {
		b.tooLong.Store(0)
	}
	if b.tooLong.Load() >= maxTooLong {
		b.skipped.Add(1)
		return true
	}
	matches, err := b.Regexp.MatchString(text)
	if err != nil {
		b.tooLong.Add(1)
		b.skipped.Add(1)
		return true
	}
	return matches
}
