package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"benthos-segment/internal/ingest"
)

// Bounds of what is shown of one person.
const (
	maxPersonCalls  = 500
	maxPersonIDs    = 60
	maxTraitHistory = 20
	maxPersonTraits = 200
	maxPersonEdges  = 120
)

// personView is what the calls that are held say about one person.
type personView struct {
	ID string `json:"id"`
	// IDs are all that the person goes by, Links what joins them.
	IDs   []personID   `json:"ids"`
	Links []personLink `json:"links"`
	// Traits are those of the identify calls, merged: later ones win.
	Traits []trait `json:"traits"`
	// Calls are the newest, oldest first; Total counts all of them.
	Calls []callSummary `json:"calls"`
	Total int           `json:"total"`
}

// personID is one node of the graph.
type personID struct {
	ID string `json:"id"`
	// Kind is user, anonymous, previous or group.
	Kind  string `json:"kind"`
	First uint64 `json:"first_seq"`
	Calls int    `json:"calls"`
}

// personLink is one edge of the graph, from the call that first drew it.
type personLink struct {
	From string `json:"from"`
	To   string `json:"to"`
	// By is the type of that call.
	By  string `json:"by"`
	Seq uint64 `json:"seq"`
}

// trait is one trait with the values it had, the oldest first.
type trait struct {
	Name    string       `json:"name"`
	History []traitValue `json:"history"`
}

type traitValue struct {
	Value json.RawMessage `json:"value"`
	// Literal is the same as a text, for readers whose numbers are doubles.
	Literal string `json:"literal"`
	Seq     uint64 `json:"seq"`
	At      int64  `json:"at"`
}

func (s *Sandbox) servePerson(w http.ResponseWriter, r *http.Request, q *query) {
	id := q.text("id")
	if q.refused(w) {
		return
	}
	if id == "" {
		answerError(w, http.StatusBadRequest, "parameter id must be a user id, an anonymous id or a previous id")
		return
	}
	calls, ok := s.matching(w, r, &Filter{})
	if !ok {
		return
	}
	view, err := personOf(r.Context(), id, valuesOf(calls))
	if err != nil {
		answerGone(w)
		return
	}
	if view.Total == 0 {
		answerError(w, http.StatusNotFound, fmt.Sprintf("no call that is held has the id %q", id))
		return
	}
	answerJSON(w, http.StatusOK, view)
}

// personOf gathers what the calls say about whoever has the id.
func personOf(ctx context.Context, id string, calls []Call) (personView, error) {
	view := personView{ID: id, Links: []personLink{}, Traits: []trait{}}
	ids := newIdentities(calls)
	root := ids.root(id)
	for i := range calls {
		if err := ctx.Err(); err != nil {
			return view, err
		}
		call := &calls[i]
		if ids.personOf(call) != root {
			continue
		}
		view.Total++
		view.addIDs(call)
		if call.Type == "identify" {
			view.addTraits(call)
		}
		view.Calls = append(view.Calls, summarize(call))
	}
	view.Calls = view.Calls[max(0, len(view.Calls)-maxPersonCalls):]
	return view, nil
}

// addIDs notes the ids of the call and what it joins. A group is no id of the
// person, but belongs to the picture.
func (p *personView) addIDs(c *Call) {
	p.addID(c, c.AnonymousID, "anonymous")
	p.addID(c, c.PreviousID, "previous")
	p.addID(c, c.UserID, "user")
	who := cmp.Or(c.UserID, c.AnonymousID, c.PreviousID)
	p.link(c, c.AnonymousID, who)
	p.link(c, c.PreviousID, who)
	if c.Type == "group" && c.GroupID != "" {
		p.addID(c, "group:"+c.GroupID, "group")
		p.link(c, who, "group:"+c.GroupID)
	}
}

func (p *personView) addID(c *Call, id, kind string) {
	if id == "" {
		return
	}
	for i := range p.IDs {
		known := &p.IDs[i]
		if known.ID != id {
			continue
		}
		known.Calls++
		// An id that an alias names is told better by the calls that had it.
		if known.Kind == "previous" || kind == "user" {
			known.Kind = kind
		}
		return
	}
	if len(p.IDs) < maxPersonIDs {
		p.IDs = append(p.IDs, personID{ID: id, Kind: kind, First: c.Seq, Calls: 1})
	}
}

func (p *personView) link(c *Call, from, to string) {
	known := slices.ContainsFunc(p.Links, func(l personLink) bool {
		return l.From == from && l.To == to || l.From == to && l.To == from
	})
	if from == "" || from == to || known || len(p.Links) >= maxPersonEdges {
		return
	}
	p.Links = append(p.Links, personLink{From: from, To: to, By: c.Type, Seq: c.Seq})
}

// addTraits merges the traits of an identify call, each with its very literal.
func (p *personView) addTraits(c *Call) {
	ingest.Members(ingest.Member(c.Raw, "traits"), func(name string, value []byte) {
		i := slices.IndexFunc(p.Traits, func(t trait) bool { return t.Name == name })
		if i < 0 {
			if len(p.Traits) >= maxPersonTraits {
				return
			}
			p.Traits = append(p.Traits, trait{Name: name})
			i = len(p.Traits) - 1
		}
		history := p.Traits[i].History
		if n := len(history); n > 0 && bytes.Equal(history[n-1].Value, value) {
			return
		}
		history = append(history, traitValue{Value: value, Literal: string(value), Seq: c.Seq, At: c.ReceivedAt.UnixMilli()})
		p.Traits[i].History = history[max(0, len(history)-maxTraitHistory):]
	})
}
