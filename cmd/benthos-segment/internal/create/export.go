package create

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// source is a source of RudderStack.
type source struct {
	ID           string
	Name         string
	Enabled      *bool
	Deleted      bool
	Definition   definition `json:"sourceDefinition"`
	Destinations []destination
}

// destination is a destination of RudderStack.
type destination struct {
	ID              string
	Name            string
	Enabled         *bool
	Deleted         bool
	Type            string
	Definition      definition `json:"destinationDefinition"`
	Config          map[string]json.RawMessage
	Transformations []json.RawMessage
}

type definition struct {
	Name        string
	DisplayName string
	Type        string
	Category    string
}

// export is what RudderStack's control plane gives out of a workspace, what its
// config generator saves, or one destination.
type export struct {
	Sources      []source
	Destinations []destination
	Connections  json.RawMessage
	Metadata     struct {
		ConnectionsStore struct {
			Connections map[string][]string
		}
	}
	destination
}

var errNoSegment = errors.New("there is no destination Segment in it that is enabled")

// readExport reads an export. Names are read in any case, since the server writes
// them with capitals in its logs.
func readExport(text []byte) (e export, err error) {
	if err := json.Unmarshal(text, &e); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return e, fmt.Errorf("it is no JSON: at byte %d: %w", syntax.Offset, syntax)
		}
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) && kind.Field != "" {
			return e, fmt.Errorf("the member %s is of another type than RudderStack writes", strings.ToLower(kind.Field))
		}
		return e, errors.New("it is no export of RudderStack")
	}
	if len(e.Sources) == 0 && len(e.Destinations) == 0 {
		if e.Config != nil {
			e.Destinations = []destination{e.destination}
			return e, nil
		}
		return byWorkspace(text)
	}
	return e, nil
}

// byWorkspace reads an export of several workspaces, which are under their ids.
func byWorkspace(text []byte) (all export, err error) {
	var workspaces map[string]json.RawMessage
	if json.Unmarshal(text, &workspaces) != nil {
		return all, errNoSegment
	}
	for _, id := range sortedKeys(workspaces) {
		var e export
		if json.Unmarshal(workspaces[id], &e) != nil {
			continue
		}
		all.Sources = append(all.Sources, e.connected()...)
		all.Destinations = append(all.Destinations, e.Destinations...)
	}
	return all, nil
}

func isOff(enabled *bool, deleted bool) bool { return deleted || enabled != nil && !*enabled }

// isSegment says whether a destination is Segment. One that is exported alone may
// say nothing of what it is.
func (d destination) isSegment() bool {
	kind := cmp.Or(d.Definition.Name, d.Definition.DisplayName, d.Type)
	if kind == "" {
		return d.Config["writeKey"] != nil
	}
	return strings.EqualFold(kind, "segment")
}

// connected returns the sources with their destinations, wherever the export has
// the connections.
func (e export) connected() []source {
	byID := map[string]destination{}
	for _, d := range e.Destinations {
		byID[d.ID] = d
	}
	links := e.links()
	sources := slices.Clone(e.Sources)
	for i := range sources {
		s := &sources[i]
		for _, id := range links[s.ID] {
			has := slices.ContainsFunc(s.Destinations, func(d destination) bool { return d.ID == id })
			if d, exists := byID[id]; exists && !has {
				s.Destinations = append(slices.Clone(s.Destinations), d)
			}
		}
	}
	return sources
}

// links are the ids of destinations by those of sources.
func (e export) links() map[string][]string {
	links := map[string][]string{}
	for from, to := range e.Metadata.ConnectionsStore.Connections {
		links[from] = append(links[from], to...)
	}
	type connection struct {
		SourceID, DestinationID string
		Enabled                 *bool
		Deleted                 bool
	}
	var list []connection
	var byID map[string]connection
	if json.Unmarshal(e.Connections, &list) != nil && json.Unmarshal(e.Connections, &byID) == nil {
		for _, id := range sortedKeys(byID) {
			list = append(list, byID[id])
		}
	}
	for _, c := range list {
		if !isOff(c.Enabled, c.Deleted) {
			links[c.SourceID] = append(links[c.SourceID], c.DestinationID)
		}
	}
	return links
}
