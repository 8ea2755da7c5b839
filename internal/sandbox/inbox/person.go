package inbox

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"benthos-segment/internal/ingest"
)

// Bounds of what is shown of one person.
const (
	maxPersonCalls  = 500
	maxPersonIDs    = 60
	maxTraitHistory = 20
	maxPersonTraits = 200
	maxPersonLinks  = 120
)

// Person is what the calls held say about one person.
type Person struct {
	ID string `json:"id"`
	// IDs are all ids of the person, Links what joins them.
	IDs   []PersonID   `json:"ids"`
	Links []PersonLink `json:"links"`
	// Traits are those of the identify calls, merged: later ones win.
	Traits []Trait `json:"traits"`
	// Calls are the newest ones by their own time, oldest first, and by that of
	// their arrival where they have none. Total counts all of them.
	Calls []Row `json:"calls"`
	Total int   `json:"total"`
}

// PersonID is one node of the graph of ids.
type PersonID struct {
	ID string `json:"id"`
	// Kind is user, anonymous, previous or group.
	Kind  string `json:"kind"`
	First uint64 `json:"first_seq"`
	Calls int    `json:"calls"`
}

// PersonLink is one edge of the graph of ids, from the call that first drew it.
type PersonLink struct {
	From string `json:"from"`
	To   string `json:"to"`
	// By is the type of that call.
	By  string `json:"by"`
	Seq uint64 `json:"seq"`
}

// Trait is one trait with the values it had, the oldest first.
type Trait struct {
	Name    string       `json:"name"`
	History []TraitValue `json:"history"`
}

// TraitValue is a value that a trait had.
type TraitValue struct {
	Value json.RawMessage `json:"value"`
	// Literal is the same as a text, for readers whose numbers are doubles.
	Literal string `json:"literal"`
	Seq     uint64 `json:"seq"`
	At      int64  `json:"at"`
}

// Person gathers what the calls held say about whoever has the id. Total is 0 if
// no call has it.
func (b *Inbox) Person(ctx context.Context, id string) (Person, error) {
	person := Person{ID: id, Links: []PersonLink{}, Traits: []Trait{}}
	calls, err := b.Matching(ctx, &Filter{})
	if err != nil {
		return person, err
	}
	everyone := joinPeople(calls)
	root := everyone.root(id)
	for _, call := range calls {
		if err := ctx.Err(); err != nil {
			return person, err
		}
		if everyone.of(call) == root {
			person.add(call)
		}
	}
	slices.SortStableFunc(person.Calls, func(a, b Row) int { return cmp.Compare(a.happened(), b.happened()) })
	person.Calls = person.Calls[max(0, len(person.Calls)-maxPersonCalls):]
	return person, nil
}

func (p *Person) add(c *Call) {
	p.Total++
	p.addIDs(c)
	if c.Type == "identify" {
		p.addTraits(c)
	}
	p.Calls = append(p.Calls, c.Row())
}

// addIDs notes the ids of the call and what it joins. A group is not an id of
// the person, but belongs to the picture.
func (p *Person) addIDs(c *Call) {
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

func (p *Person) addID(c *Call, id, kind string) {
	if id == "" {
		return
	}
	for i := range p.IDs {
		known := &p.IDs[i]
		if known.ID != id {
			continue
		}
		known.Calls++
		// The calls that have an id say more about it than an alias.
		if known.Kind == "previous" || kind == "user" {
			known.Kind = kind
		}
		return
	}
	if len(p.IDs) < maxPersonIDs {
		p.IDs = append(p.IDs, PersonID{ID: id, Kind: kind, First: c.Seq, Calls: 1})
	}
}

func (p *Person) link(c *Call, from, to string) {
	known := slices.ContainsFunc(p.Links, func(l PersonLink) bool {
		return l.From == from && l.To == to || l.From == to && l.To == from
	})
	if from == "" || from == to || known || len(p.Links) >= maxPersonLinks {
		return
	}
	p.Links = append(p.Links, PersonLink{From: from, To: to, By: c.Type, Seq: c.Seq})
}

// addTraits merges the traits of an identify call, each with its exact literal.
func (p *Person) addTraits(c *Call) {
	ingest.Members(ingest.Member(c.Raw, "traits"), func(name string, value []byte) {
		trait := p.trait(name)
		if trait == nil {
			return
		}
		history := trait.History
		if n := len(history); n > 0 && bytes.Equal(history[n-1].Value, value) {
			return
		}
		history = append(history, TraitValue{Value: value, Literal: string(value), Seq: c.Seq, At: c.ReceivedAt.UnixMilli()})
		trait.History = history[max(0, len(history)-maxTraitHistory):]
	})
}

// trait returns the trait of that name, nil if there are too many.
func (p *Person) trait(name string) *Trait {
	i := slices.IndexFunc(p.Traits, func(t Trait) bool { return t.Name == name })
	if i >= 0 {
		return &p.Traits[i]
	}
	if len(p.Traits) >= maxPersonTraits {
		return nil
	}
	p.Traits = append(p.Traits, Trait{Name: name})
	return &p.Traits[len(p.Traits)-1]
}
