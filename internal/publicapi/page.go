package publicapi

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
)

const (
	// pageSize is how many things a page is asked for: Segment's default where it
	// has one, and well below the 1,000 that it allows.
	pageSize = 200
	// maxPages bounds a list. No workspace has that many of anything.
	maxPages = 10_000
)

// list asks for one page after the other, and yields the things in the member of
// that name. An error ends the list.
func list[T any](ctx context.Context, c *Client, q question, member string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		seen := map[string]bool{}
		for cursor, isLast := "", false; !isLast; {
			things, next, err := page[T](ctx, c, q, member, cursor)
			if err == nil && (seen[next] || len(seen) == maxPages) {
				err = q.foreign(http.StatusOK, errors.New("the pages of the list have no end"))
			}
			if err != nil {
				yield(none, err)
				return
			}
			for _, thing := range things {
				if !yield(thing, nil) {
					return
				}
			}
			cursor, isLast = next, next == ""
			seen[next] = true
		}
	}
}

// page asks for the page that begins at a cursor, and returns where the next one
// begins, which is empty after the last one.
func page[T any](ctx context.Context, c *Client, q question, member, cursor string) (things []T, next string, err error) {
	query := url.Values{"pagination[count]": {strconv.Itoa(pageSize)}}
	maps.Copy(query, q.query)
	if cursor != "" {
		query.Set("pagination[cursor]", cursor)
	}
	q.query = query
	var got map[string]json.RawMessage
	if err := c.ask(ctx, q, &got); err != nil {
		return nil, "", err
	}
	var pagination struct {
		Next string `json:"next"`
	}
	for name, into := range map[string]any{member: &things, "pagination": &pagination} {
		if raw := got[name]; raw != nil {
			if err := json.Unmarshal(raw, into); err != nil {
				return nil, "", q.foreign(http.StatusOK, withoutValue(err))
			}
		}
	}
	return things, pagination.Next, nil
}

// all gathers a list.
func all[T any](things iter.Seq2[T, error]) ([]T, error) {
	var gathered []T
	for thing, err := range things {
		if err != nil {
			return nil, err
		}
		gathered = append(gathered, thing)
	}
	return gathered, nil
}
