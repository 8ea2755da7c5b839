package ingest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Jeffail/gabs/v2"
)

// Picture is a transparent GIF of one pixel, which pixels are answered with.
var Picture = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff" +
	"!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;")

var errNoData = errors.New("data is not base64 of one JSON object")

// OpenPixel makes an event of the query of a pixel, as the server of its world
// does: of a JSON object in data, as base64, or of members by their dotted paths,
// such as properties.plan. The type is that of the route. The event has no write
// key unless data has.
func OpenPixel(route Route, query url.Values, now time.Time) (event []byte, err error) {
	if data := query.Get("data"); data != "" && route.Of(Segment) {
		return openData(data)
	}
	doc := gabs.New()
	for _, path := range slices.Sorted(maps.Keys(query)) {
		if path == writeKeyMember {
			continue
		}
		if err := setPath(doc, path, query.Get(path)); err != nil {
			return nil, err
		}
	}
	set(doc, route.Type, "type")
	if route.Of(RudderStack) {
		if err := complete(doc, route, now); err != nil {
			return nil, err
		}
	}
	return doc.EncodeJSON(), nil
}

// openData reads base64 in any of its spellings. A plus that was not escaped has
// become a blank.
func openData(data string) ([]byte, error) {
	data = strings.NewReplacer("-", "+", "_", "/", " ", "+", "=", "").Replace(data)
	event, err := base64.RawStdEncoding.DecodeString(data)
	if err != nil {
		return nil, errNoData
	}
	if event = bytes.TrimSpace(event); len(event) == 0 || event[0] != '{' {
		return nil, errNoData
	}
	return event, nil
}

// maxDepth is how deep a pixel's members may lie. Events have theirs within three
// or four.
const maxDepth = 16

func setPath(doc *gabs.Container, path, value string) error {
	names := strings.Split(path, ".")
	if len(names) > maxDepth {
		return fmt.Errorf("a parameter of the query has more than %d parts", maxDepth)
	}
	if _, err := doc.Set(value, names...); err != nil {
		return errors.New("two parameters of the query want the same place in the event")
	}
	return nil
}

// complete adds what RudderStack's server does. It takes the quotes off an
// anonymous id, which its snippet leaves there.
func complete(doc *gabs.Container, route Route, now time.Time) error {
	at := now.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	set(doc, "web", "channel")
	set(doc, true, "integrations", "All")
	set(doc, at, "originalTimestamp")
	set(doc, at, "sentAt")
	if id, isText := doc.Search("anonymousId").Data().(string); isText {
		set(doc, strings.Trim(id, `"'`), "anonymousId")
	}
	text := func(name string) string { value, _ := doc.Search(name).Data().(string); return value }
	if route.Type == "page" && text("name") == "" {
		set(doc, "Unknown Page", "name")
	}
	if route.Type == "track" && text("event") == "" {
		return errors.New("the parameter event is missing: it is the name of what happened")
	}
	return nil
}
