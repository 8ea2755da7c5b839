package inbox

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"benthos-segment/internal/ingest"
)

// Label says in a few words what a call is about that has no name of its own:
// whom an identify call describes, or else by which traits, which ids an alias
// call joins, which group a group call is for, and where a page is. It is empty
// if the call does not say so.
func (c *Call) Label() string {
	switch c.Type {
	case "identify":
		return cmp.Or(c.whom(), c.traitNames())
	case "alias":
		return cmp.Or(c.PreviousID, "?") + " → " + cmp.Or(c.UserID, "?")
	case "group":
		return cmp.Or(c.texts("traits", "name")[0], c.GroupID)
	case "page":
		if c.Name == "" {
			return cmp.Or(c.texts("properties", "title", "path", "url")...)
		}
	}
	return ""
}

// whom returns what people call the person.
func (c *Call) whom() string {
	t := c.texts("traits", "email", "name", "firstName", "lastName")
	return cmp.Or(t[0], t[1], strings.TrimSpace(t[2]+" "+t[3]))
}

// traitNames lists the first traits.
func (c *Call) traitNames() string {
	const enough = 3
	var names []string
	ingest.Members(ingest.Member(c.Raw, "traits"), func(name string, _ []byte) {
		if len(names) < enough {
			names = append(names, Clip(name, maxRowText))
		}
	})
	return strings.Join(names, ", ")
}

// texts returns members of an object within the call, empty where one is no text.
func (c *Call) texts(object string, names ...string) []string {
	texts := make([]string, len(names))
	members := ingest.Member(c.Raw, object)
	for i, name := range names {
		if json.Unmarshal(ingest.Member(members, name), &texts[i]) != nil {
			texts[i] = ""
		}
	}
	return texts
}

// ownAt is the call's own time in milliseconds since 1970, 0 if it has none that
// can be read.
func (c *Call) ownAt() int64 {
	at, err := time.Parse(time.RFC3339, c.Timestamp)
	if err != nil {
		return 0
	}
	return at.UnixMilli()
}
