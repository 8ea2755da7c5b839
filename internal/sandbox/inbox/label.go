package inbox

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"benthos-segment/internal/ingest"
)

// Label says in a few words what a call is about that has no name of its own:
// whom an identify call describes, which ids an alias call joins, and which group
// a group call is for. It is empty if the call does not say so.
func (c *Call) Label() string {
	switch c.Type {
	case "identify":
		return c.whom()
	case "alias":
		return cmp.Or(c.PreviousID, "?") + " → " + cmp.Or(c.UserID, "?")
	case "group":
		return cmp.Or(c.traits("name")[0], c.GroupID)
	default:
		return ""
	}
}

// whom returns what people call the person.
func (c *Call) whom() string {
	t := c.traits("email", "name", "firstName", "lastName")
	return cmp.Or(t[0], t[1], strings.TrimSpace(t[2]+" "+t[3]))
}

// traits returns the traits of these names, empty where one is no text.
func (c *Call) traits(names ...string) []string {
	texts := make([]string, len(names))
	traits := ingest.Member(c.Raw, "traits")
	for i, name := range names {
		if json.Unmarshal(ingest.Member(traits, name), &texts[i]) != nil {
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
