package publicapi

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// params are those of a question, by names with dots. Segment's clients write
// the same name in three ways: pagination.count, pagination[count], groupBy.0.
type params map[string]string

func paramsOf(r *http.Request, isPaged bool) (params, *refusal) {
	p := params{}
	for name, values := range r.URL.Query() {
		p[strings.NewReplacer("[", ".", "]", "").Replace(name)] = values[0]
	}
	if isPaged && p["pagination.count"] == "" {
		return nil, invalid("pagination.count", "pagination.count is required")
	}
	if _, _, refused := p.place(); refused != nil {
		return nil, refused
	}
	return p, nil
}

const usualPage = 200

// place returns where a page begins and how many things it may have.
func (p params) place() (from, count int, refused *refusal) {
	count = usualPage
	if text, given := p["pagination.count"]; given {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return 0, 0, invalid("pagination.count", "pagination.count must be from 1 to 1000")
		}
		count = n
	}
	if cursor := p["pagination.cursor"]; cursor != "" {
		text, err := base64.StdEncoding.DecodeString(cursor)
		n, bad := strconv.Atoi(string(text))
		if err != nil || bad != nil || n < 0 {
			return 0, 0, invalid("pagination.cursor", "pagination.cursor is not one of this list")
		}
		from = n
	}
	return from, count, nil
}

// pagination is beside the things of a page.
type pagination struct {
	Current      string `json:"current"`
	Next         string `json:"next,omitempty"`
	Previous     string `json:"previous,omitempty"`
	TotalEntries int    `json:"totalEntries"`
}

func cursor(at int) string { return base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(at))) }

// pageOf cuts a page out of a list.
func pageOf[T any](p params, list []T) ([]T, pagination) {
	from, count, _ := p.place() // which has been checked
	from = min(from, len(list))
	end := min(from+count, len(list))
	at := pagination{Current: cursor(from), TotalEntries: len(list)}
	if end < len(list) {
		at.Next = cursor(end)
	}
	if from > 0 {
		at.Previous = cursor(max(from-count, 0))
	}
	return append([]T{}, list[from:end]...), at
}

// list returns the values of name.0, name.1 and so on.
func (p params) list(name string) (values []string) {
	for i := 0; ; i++ {
		value, given := p[name+"."+strconv.Itoa(i)]
		if !given {
			return values
		}
		values = append(values, value)
	}
}

// listOf is list with values that must be among some.
func (p params) listOf(name string, allowed ...string) ([]string, *refusal) {
	values := p.list(name)
	for _, value := range values {
		if !slices.Contains(allowed, value) {
			return nil, invalid(name, name+" must be of "+strings.Join(allowed, ", "))
		}
	}
	return values, nil
}

// granularity is what a span is counted by: how long its parts are, how long it
// may be, and how long ago it may begin.
type granularity struct{ unit, longest, oldest time.Duration }

const day = 24 * time.Hour

var granularities = map[string]granularity{
	"MINUTE": {time.Minute, 4 * time.Hour, 48 * time.Hour},
	"HOUR":   {time.Hour, 14 * day, 30 * day},
	"DAY":    {day, 30 * day, 30 * day},
}

// span returns the time that counts are wanted for.
func (p params) span() (start, end time.Time, unit time.Duration, refused *refusal) {
	g, known := granularities[p["granularity"]]
	if !known {
		return start, end, 0, invalid("granularity", "granularity must be DAY, HOUR or MINUTE")
	}
	for name, into := range map[string]*time.Time{"startTime": &start, "endTime": &end} {
		at, err := time.Parse(time.RFC3339, p[name])
		if err != nil {
			return start, end, 0, invalid(name, name+" must be a time such as 2024-01-01T00:00:00Z")
		}
		*into = at.UTC()
	}
	switch {
	case !start.Before(end):
		return start, end, 0, invalid("endTime", "endTime must be after startTime")
	case end.Sub(start) > g.longest:
		return start, end, 0, invalid("endTime", "the span is too long for this granularity")
	// Who asks for the oldest has a moment to do so.
	case time.Since(start) > g.oldest+time.Minute:
		return start, end, 0, invalid("startTime", "startTime is too long ago for this granularity")
	}
	return start, end, g.unit, nil
}
