package publicapi

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
)

// Lookup finds the workspace of a token, and its sources.
type Lookup struct {
	// clients are those of the regions, or the one of the address that was given,
	// under no name.
	clients map[string]*Client
	// first is the region that is asked first.
	first string
}

// NewLookup returns a lookup that asks the region that is expected, and the others
// if the token is not valid there. With an address in the configuration, only that
// one is asked, and nobody knows its region.
func NewLookup(conf Config, expected string) (*Lookup, error) {
	at := map[string]string{"": conf.BaseURL}
	if conf.BaseURL == "" {
		at = Regions
	} else {
		expected = ""
	}
	l := &Lookup{clients: map[string]*Client{}, first: expected}
	for region, base := range at {
		conf.BaseURL = base
		c, err := New(conf)
		if err != nil {
			return nil, err
		}
		l.clients[region] = c
	}
	if l.clients[l.first] == nil {
		return nil, fmt.Errorf("%q is not a region of Segment: there are us and eu", l.first)
	}
	return l, nil
}

// Close ends the connections that are not in use.
func (l *Lookup) Close() {
	for _, c := range l.clients {
		c.http.CloseIdleConnections()
	}
}

// Listing is what a token shows of its workspace.
type Listing struct {
	Workspace Workspace
	// Region is where the workspace is, empty if the address of the API was given.
	Region string
	// Client asks on.
	Client *Client
	// Sources are all that the token may see, without their keys, and KeysShown
	// how many of them show their keys.
	Sources   []Source
	KeysShown int

	byKey map[keySum]int
}

// keySum stands for a write key, which is in no dump then.
type keySum [sha256.Size]byte

// List asks for everything.
func (l *Lookup) List(ctx context.Context) (*Listing, error) {
	region, space, err := l.workspace(ctx)
	if err != nil {
		return nil, err
	}
	found := &Listing{Workspace: space, Region: region, Client: l.clients[region], byKey: map[keySum]int{}}
	for source, err := range found.Client.Sources(ctx) {
		if err != nil {
			return nil, err
		}
		found.add(source)
	}
	return found, nil
}

func (f *Listing) add(source Source) {
	keys := source.WriteKeys
	source.WriteKeys = nil
	f.Sources = append(f.Sources, source)
	if len(keys) > 0 {
		f.KeysShown++
	}
	for _, key := range keys {
		f.byKey[sha256.Sum256([]byte(key))] = len(f.Sources) - 1
	}
}

// workspace asks the regions in turn. A token works in one of them; in others it
// looks like a wrong one, or leads to the right one.
func (l *Lookup) workspace(ctx context.Context) (region string, space Workspace, err error) {
	space, err = l.clients[l.first].Workspace(ctx)
	if err == nil {
		return l.first, space, nil
	}
	if kind, _ := KindOf(err); kind != Denied && kind != Elsewhere {
		return "", space, err
	}
	for _, other := range slices.Sorted(maps.Keys(l.clients)) {
		if other == l.first {
			continue
		}
		if space, elsewhere := l.clients[other].Workspace(ctx); elsewhere == nil {
			return other, space, nil
		}
	}
	return "", space, err
}

// State says what becomes of the calls with a write key.
type State int

// The states of a key.
const (
	// Unshown: the token shows no keys at all, so that nobody can tell.
	Unshown State = iota
	// Sourceless: the token shows no source at all, so that nobody can tell either.
	Sourceless
	// Unknown: none of the sources that the token may see has the key.
	Unknown
	// Disabled: its source is there, and Segment throws the calls away.
	Disabled
	// Enabled: its source takes calls.
	Enabled
)

// Of returns the source of a write key, and what becomes of calls with it.
func (f *Listing) Of(writeKey string) (Source, State) {
	i, exists := f.byKey[sha256.Sum256([]byte(writeKey))]
	switch {
	case exists && f.Sources[i].Enabled:
		return f.Sources[i], Enabled
	case exists:
		return f.Sources[i], Disabled
	case len(f.Sources) == 0:
		return Source{}, Sourceless
	case f.KeysShown == 0:
		return Source{}, Unshown
	default:
		return Source{}, Unknown
	}
}
