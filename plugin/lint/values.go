package lint

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// values finds what has the wrong type, which the engine would notice only when
// it makes the component.
func (r *reading) values() (found []finding) {
	for _, v := range r.visited {
		if said := v.wrong(); said != "" {
			found = append(found, at(v.value, said))
		}
	}
	return found
}

// wrong says what is wrong with a value, and nothing where it is right.
func (v visited) wrong() string {
	if v.value.Kind != yaml.ScalarNode || v.spec.Kind == kindArray || v.spec.Kind == kindMap {
		return "" // the engine says so
	}
	switch v.spec.Type {
	case typeInt:
		var n int
		return v.unlike(v.value.Decode(&n), "a whole number")
	case typeFloat:
		var n float64
		return v.unlike(v.value.Decode(&n), "a number")
	case typeBool:
		var is bool
		return v.unlike(v.value.Decode(&is), "true or false")
	case typeString:
		return v.wrongDuration()
	}
	return ""
}

// unlike says what a field takes, if its value is something else.
func (v visited) unlike(err error, wanted string) string {
	if err == nil {
		return ""
	}
	isQuoted := v.value.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0
	if isQuoted && v.decodes(&yaml.Node{Kind: yaml.ScalarNode, Value: v.value.Value}) {
		return fmt.Sprintf("field %s takes %s and no text: remove the quotes around %s", v.path, wanted, v.value.Value)
	}
	return fmt.Sprintf("field %s takes %s and not %s%s", v.path, wanted, v.shown(), v.preset())
}

// decodes says whether a value is of the type of the field.
func (v visited) decodes(node *yaml.Node) bool {
	if strings.TrimSpace(node.Value) == "" {
		return false
	}
	var err error
	switch v.spec.Type {
	case typeInt:
		err = node.Decode(new(int))
	case typeFloat:
		err = node.Decode(new(float64))
	default:
		err = node.Decode(new(bool))
	}
	return err == nil
}

// shown is the value for a sentence.
func (v visited) shown() string {
	if v.spec.IsSecret {
		return "this"
	}
	return fmt.Sprintf("%q", v.value.Value)
}

// preset ends a sentence with the default, if there is one.
func (v visited) preset() string {
	switch preset := v.spec.Default.(type) {
	case nil, []any, map[string]any:
		return ""
	case string:
		return fmt.Sprintf("; its default is %q", preset)
	default:
		return fmt.Sprintf("; its default is %v", preset)
	}
}

// likeDuration is a duration as people write it who do not know Go.
var likeDuration = regexp.MustCompile(`(?i)^([0-9]+(?:\.[0-9]+)?)\s*(ns|us|ms|msecs?|millis|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)?$`)

// wrongDuration looks at fields whose default is a duration, and at the period of
// batches.
func (v visited) wrongDuration() string {
	given := strings.TrimSpace(v.value.Value)
	preset, _ := v.spec.Default.(string)
	_, err := time.ParseDuration(preset)
	isDuration := err == nil && preset != "0"
	if v.path != "batching.period" && !isDuration || given == "" {
		return ""
	}
	if _, err := time.ParseDuration(given); err == nil {
		return ""
	}
	match := likeDuration.FindStringSubmatch(given)
	switch {
	case match != nil:
		return fmt.Sprintf("field %s takes a duration such as 100ms, 1s or 5m, and not %q%s", v.path, given, likely(match[1], match[2]))
	case v.path == "batching.period":
		return fmt.Sprintf("field %s takes a duration such as 100ms, 1s or 5m, and not %q", v.path, given)
	}
	return "" // some fields take more than durations
}

// likely ends a sentence with the duration that was meant.
func likely(n, unit string) string {
	unit = strings.ToLower(unit)
	if days, err := strconv.Atoi(n); err == nil && strings.HasPrefix(unit, "d") {
		return fmt.Sprintf("; did you mean %dh?", days*24)
	}
	if short, isKnown := units[unit]; isKnown {
		return fmt.Sprintf("; did you mean %s%s?", n, short)
	}
	return ""
}

// units are those of Go by what people call them.
var units = map[string]string{
	"": "s", "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
	"m": "m", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
	"h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "ns": "ns", "us": "us",
	"ms": "ms", "msec": "ms", "msecs": "ms", "millis": "ms", "millisecond": "ms", "milliseconds": "ms",
}

// repeated finds members that an object has twice. YAML forbids them, and the
// engine takes one without a word.
func (r *reading) repeated() (found []finding) {
	for _, o := range r.objects {
		seen := map[string]*yaml.Node{}
		for key := range members(o.node) {
			if before, exists := seen[key.Value]; exists && !isMerge(key) {
				found = append(found, at(key, fmt.Sprintf("field %s is there twice, on line %d too, and only one counts: remove one", key.Value, before.Line)))
			}
			seen[key.Value] = key
		}
	}
	return found
}
