package lint

import (
	"cmp"
	"fmt"
	"time"

	"gopkg.in/yaml.v3"
)

// doorHints looks at the input segment, wherever its events go.
func doorHints(d document) (hints []finding) {
	answered := time.Duration(0)
	for _, section := range d.sections("input", "input_resources") {
		walk(section, nil, func(p placed) {
			if p.key.Value != "segment" || p.value.Kind != yaml.MappingNode {
				return
			}
			hints = append(hints, keysHints(p)...)
			if timeout, isKnown := duration(member(p.value, "timeout"), presetAnswer); isKnown {
				answered = timeout
			}
		})
	}
	return append(hints, fullHints(d, answered)...)
}

// keysHints minds a door that is open to anybody.
func keysHints(in placed) []finding {
	keys := member(in.value, "write_keys")
	if len(listed(keys)) > 0 || scalar(keys) != "" {
		return nil
	}
	return []finding{hint(cmp.Or(keyOf(in.value, "write_keys"), in.key), "write_keys is empty: anybody's events are taken, whatever their write key; list the keys of your apps")}
}

const (
	// presetAnswer is how long clients of the input segment wait by default, and
	// presetFull how long a full journal lets them.
	presetAnswer = 4 * time.Second
	presetFull   = 2 * time.Second
)

// fullHints minds a queue that is still waiting for room when its clients have been
// answered.
func fullHints(d document, answered time.Duration) []finding {
	journal := member(d.section("buffer"), "journal")
	if answered == 0 || journal == nil {
		return nil
	}
	field := member(journal, "full_timeout")
	wait, isKnown := duration(field, presetFull)
	if !isKnown || wait > 0 && wait < answered {
		return nil
	}
	return []finding{hint(cmp.Or(field, journal), fmt.Sprintf("full_timeout is %s, and the clients of the input segment are answered after %s: "+
		"when the queue is full they are not told so, and send again what is then stored twice; keep it below timeout", wait, answered))}
}
