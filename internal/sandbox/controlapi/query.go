package controlapi

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"benthos-segment/internal/sandbox/answer"
	"benthos-segment/internal/sandbox/inbox"
)

const (
	defaultLimit   = 100
	maxLimit       = 10_000
	defaultTimeout = 10 * time.Second
	maxTimeout     = 10 * time.Minute
)

// query is the query of one request. It remembers the first thing that is wrong
// with it.
type query struct {
	values url.Values
	err    error
}

// parseQuery refuses what http.Request.URL.Query drops without a word, and
// unknown names: a filter that is not applied is worse than none.
func parseQuery(raw string, known []string) (*query, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, fmt.Errorf("the query cannot be read: %w; encode %% as %%25 and ; as %%3B", err)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch {
		case len(known) == 0:
			return nil, fmt.Errorf("unknown parameter %q: there are none", name)
		case !slices.Contains(known, name):
			return nil, fmt.Errorf("unknown parameter %q: there are %s", name, strings.Join(known, ", "))
		case len(values[name]) > 1:
			return nil, fmt.Errorf("parameter %s is given %d times: give it once", name, len(values[name]))
		}
	}
	return &query{values: values}, nil
}

// noneIsEmpty refuses empty parameters of an endpoint that changes something: a
// variable of a script that is not set must not mean all calls.
func (q *query) noneIsEmpty() error {
	for _, name := range slices.Sorted(maps.Keys(q.values)) {
		if q.values.Get(name) == "" {
			return fmt.Errorf("parameter %s is empty: leave it out to mean every call", name)
		}
	}
	return nil
}

// refused answers with what is wrong with the parameters, if anything is.
func (q *query) refused(w http.ResponseWriter) bool {
	if q.err == nil {
		return false
	}
	answer.Error(w, http.StatusBadRequest, q.err.Error())
	return true
}

func (q *query) text(name string) string { return q.values.Get(name) }

func (q *query) fail(name, want string) {
	if q.err == nil {
		q.err = fmt.Errorf("parameter %s must be %s", name, want)
	}
}

func (q *query) number(name string) uint64 {
	text := q.text(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		q.fail(name, "a sequence number")
	}
	return n
}

// bound is a number that may be missing. Up to 0 is nothing, not everything.
func (q *query) bound(name string) *uint64 {
	if q.text(name) == "" {
		return nil
	}
	n := q.number(name)
	return &n
}

func (q *query) boolean(name string) *bool {
	text := q.text(name)
	if text == "" {
		return nil
	}
	b, err := strconv.ParseBool(text)
	if err != nil {
		q.fail(name, "true or false")
	}
	return &b
}

// filter reads the parameters of filterParams.
func (q *query) filter() inbox.Filter {
	f := inbox.Filter{
		Match: inbox.Match{
			Type:      q.text("type"),
			User:      q.text("user"),
			Event:     q.text("event"),
			Group:     q.text("group"),
			MessageID: q.text("message_id"),
			WriteKey:  q.text("write_key"),
			Path:      q.text("path"),
			Text:      q.text("text"),
		},
		Violation: q.text("violation"),
		Warning:   q.text("warning"),
		Plan:      q.text("plan"),
		Duplicate: q.boolean("duplicate"),
		Accepted:  q.boolean("accepted"),
		Since:     q.number("since"),
		Until:     q.bound("until"),
	}
	typed, err := inbox.ParseFilter(q.text("q"))
	if err != nil && q.err == nil {
		q.err = fmt.Errorf("parameter q: %w", err)
	}
	if err := f.Validate(); err != nil && q.err == nil {
		q.err = fmt.Errorf("parameter %w", err)
	}
	return f.And(typed)
}

// status reads the status of an answer, or a class of them.
func (q *query) status() inbox.Status {
	status, err := inbox.ParseStatus(q.text("status"))
	if err != nil {
		q.fail("status", "such as 200, 4xx or cut")
	}
	return status
}

// listing is which part of a list is wanted.
type listing struct {
	limit  int
	newest bool // newest first
}

func (q *query) listing() listing {
	l := listing{limit: defaultLimit}
	if text := q.text("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLimit {
			q.fail("limit", fmt.Sprintf("a number from 1 to %d", maxLimit))
		}
		l.limit = n
	}
	switch q.text("order") {
	case "", "oldest":
	case "newest":
		l.newest = true
	default:
		q.fail("order", "oldest or newest")
	}
	return l
}

func (q *query) count() int {
	text := q.text("count")
	if text == "" {
		return 1
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		q.fail("count", "a number from 1")
	}
	return n
}

func (q *query) timeout() time.Duration {
	text := q.text("timeout")
	if text == "" {
		return defaultTimeout
	}
	d, err := parseDuration(text)
	if err != nil || d < 0 || d > maxTimeout {
		q.fail("timeout", fmt.Sprintf("a duration such as 10s, at most %s", maxTimeout))
	}
	return d
}

// parseDuration takes a number without a unit for seconds.
func parseDuration(text string) (time.Duration, error) {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return time.Duration(n * float64(time.Second)), nil
	}
	return time.ParseDuration(text)
}
