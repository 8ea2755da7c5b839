package create

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// printable is a name for a comment.
func printable(name string) string {
	return strconv.Quote(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, name))
}

// target is a source at Segment that events go to.
type target struct {
	id, name string
	// label is its name in the pipeline, and variable what holds its key.
	label, variable string
	consent         consent
}

// route is where the events of a source go.
type route struct {
	name, label, variable string
	targets               []target
}

// plan is the pipeline to be written.
type plan struct {
	routes []route
	// notes say what cannot be carried over.
	notes []string
}

func (p *plan) note(text string, args ...any) {
	said := fmt.Sprintf(text, args...)
	if !slices.Contains(p.notes, said) {
		p.notes = append(p.notes, said)
	}
}

// newPlan makes a plan of an export.
func newPlan(e export) (*plan, error) {
	p := &plan{}
	names := newNames()
	sources := e.connected()
	if len(sources) == 0 {
		sources = []source{{Destinations: e.Destinations}}
	}
	for _, s := range sources {
		if targets := p.targets(s, names); len(targets) > 0 {
			r := route{name: s.Name, targets: targets}
			r.label, r.variable = names.of("source", s.ID, s.Name, "SOURCE_WRITE_KEY")
			p.routes = append(p.routes, r)
		}
	}
	if len(p.routes) == 0 {
		return nil, errNoSegment
	}
	return p, nil
}

// targets are where the events of a source go at Segment.
func (p *plan) targets(s source, names *names) (targets []target) {
	for _, d := range s.Destinations {
		switch {
		case !d.isSegment():
			continue
		case isOff(d.Enabled, d.Deleted):
			p.note("the destination %s: it is disabled", printable(d.Name))
			continue
		case isOff(s.Enabled, s.Deleted):
			p.note("the source %s: it is disabled", printable(s.Name))
			continue
		case s.isWarehouse():
			p.note("the source %s: RudderStack reads a warehouse there, so use an input such as sql_select", printable(s.Name))
			continue
		}
		c, notes := consentOf(d, kindOf(s))
		for _, text := range notes {
			p.note("%s", text)
		}
		p.unread(d)
		t := target{id: d.ID, name: d.Name, consent: c}
		t.label, t.variable = names.of("segment", d.ID, d.Name, "SEGMENT_WRITE_KEY")
		if own := variableOf(d); own != "" {
			t.variable = own
		}
		targets = append(targets, t)
	}
	return targets
}

var environment = regexp.MustCompile(`^env\.([A-Za-z_][A-Za-z0-9_]*)$`)

// variableOf is the variable that RudderStack takes the key from.
func variableOf(d destination) string {
	var key string
	_ = json.Unmarshal(d.Config["writeKey"], &key)
	if match := environment.FindStringSubmatch(key); match != nil {
		return match[1]
	}
	return ""
}

// read are the settings that are carried over, or that say nothing: Segment's
// destination has no device mode.
var read = []string{"writeKey", "consentManagement", "oneTrustCookieCategories", "ketchConsentPurposes", "connectionMode", "useNativeSDK", "useNativeSDKToSend"}

// unread notes what the output has no field for.
func (p *plan) unread(d destination) {
	var key string
	_ = json.Unmarshal(d.Config["writeKey"], &key)
	if strings.Contains(key, "{{") {
		p.note("the write key of the destination %s is a template over each event: make write_key an interpolation", printable(d.Name))
	}
	if len(d.Transformations) > 0 {
		p.note("the transformation of the destination %s: write it in Bloblang, as mapping of the output", printable(d.Name))
	}
	for _, name := range sortedKeys(d.Config) {
		empty := []string{"", "null", "{}", "[]", `""`, "false", `"disable"`}
		if !slices.Contains(read, name) && !slices.Contains(empty, string(d.Config[name])) {
			p.note("the setting %s of the destination %s", printable(name), printable(d.Name))
		}
	}
}

// isSingle says whether all events go the same way.
func (p *plan) isSingle() bool {
	return !slices.ContainsFunc(p.routes, func(r route) bool { return !reflect.DeepEqual(r.targets, p.routes[0].targets) })
}

// names gives out labels and variables, of each once.
type names struct {
	given map[string][2]string
	taken map[string]bool
}

func newNames() *names { return &names{map[string][2]string{}, map[string]bool{}} }

var unfit = regexp.MustCompile(`[^a-z0-9]+`)

// of names something by its id, or by its name where it has none.
func (n *names) of(kind, id, name, prefix string) (label, variable string) {
	key := kind + "\x00" + id + "\x00" + name
	if given, exists := n.given[key]; exists {
		return given[0], given[1]
	}
	plain := strings.Trim(unfit.ReplaceAllString(strings.ToLower(name), "_"), "_")
	label = kind + "_" + plain
	if plain == "" {
		label = kind
	}
	for base, i := label, 2; n.taken[label]; i++ {
		label = fmt.Sprintf("%s_%d", base, i)
	}
	n.taken[label] = true
	variable = prefix + strings.ToUpper(strings.TrimPrefix(label, kind))
	n.given[key] = [2]string{label, variable}
	return label, variable
}
