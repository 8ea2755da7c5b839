// Package workspace stands in for what Segment keeps of a workspace: its sources
// with their write keys, whether they are enabled, the tracking plans that they
// follow, and how many calls of each were received or thrown away. It knows
// nothing about HTTP.
package workspace

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/sandbox/inbox"
)

// Settings say what a workspace has. The zero value is one in which every write
// key that calls came with is that of an enabled source.
type Settings struct {
	Name string `json:"name,omitempty"`
	// Sources are all that there are. A call with the key of none of them is
	// answered with 200 and thrown away, as by Segment. Without any, each key that
	// comes makes a source.
	Sources []Source `json:"sources,omitempty"`
	// Tokens are the only ones that the Public API accepts. Empty accepts all.
	Tokens []string `json:"tokens,omitempty"`
	// HidesWriteKeys shows no write keys, as Segment does to tokens that are not
	// those of a Source Admin.
	HidesWriteKeys bool `json:"hides_write_keys,omitempty"`
	// Without names parts of the Public API that the plan of the workspace, or the
	// role of the token, does not have: see Parts.
	Without []string `json:"without,omitempty"`
	// Lag is how long it takes until a call is counted, such as "30s".
	Lag string `json:"lag,omitempty"`
	// RequestsPerMinute limits what is asked of each endpoint. Zero means what is
	// known of Segment's limits.
	RequestsPerMinute int `json:"requests_per_minute,omitempty"`
}

// Parts are those of the Public API that a workspace may be without.
var Parts = []string{"delivery-overview", "events-volume", "tracking-plans", "settings"}

// Source is where calls go.
type Source struct {
	ID        string   `json:"id,omitempty"`
	Name      string   `json:"name"`
	WriteKeys []string `json:"write_keys"`
	Disabled  bool     `json:"disabled,omitempty"`
	// TrackingPlan is what it follows, nil for none.
	TrackingPlan *TrackingPlan `json:"tracking_plan,omitempty"`
	// Settings say what happens to calls that do not follow it, as in the Public
	// API. What is not set lets them pass.
	Settings json.RawMessage `json:"settings,omitempty"`
}

// TrackingPlan is a plan with its rules, each as the Public API shows it.
type TrackingPlan struct {
	ID    string            `json:"id,omitempty"`
	Name  string            `json:"name"`
	Rules []json.RawMessage `json:"rules"`
}

// Workspace is one workspace. It is safe for use by several goroutines.
type Workspace struct {
	mu       sync.Mutex
	settings Settings
	lag      time.Duration
	// found are the sources of keys that came, where none are set.
	found  []Source
	ledger ledger
	// protocols judge the calls of sources that block some, by the names of those.
	protocols map[string]*protocol
}

// New returns a workspace that has a source for each of some keys.
func New(keys []string) *Workspace {
	w := &Workspace{settings: Settings{Name: defaultName}}
	for _, key := range keys {
		w.settings.Sources = append(w.settings.Sources, sourceOf(key).withIDs())
	}
	return w
}

const defaultName = "Sandbox"

// sourceOf is the source of a key about which nothing else is known.
func sourceOf(key string) Source {
	return Source{Name: "Source " + ingest.Fingerprint(key), WriteKeys: []string{key}}
}

// Set replaces what the workspace has. The counts of a source stay as long as it
// keeps its name.
func (w *Workspace) Set(settings Settings) error {
	lag, err := settings.check()
	if err != nil {
		return err
	}
	settings.Name = cmp.Or(settings.Name, defaultName)
	settings.Sources = slices.Clone(settings.Sources)
	protocols := map[string]*protocol{}
	for i := range settings.Sources {
		settings.Sources[i] = settings.Sources[i].withIDs()
		p, err := protocolOf(settings.Sources[i])
		if err != nil {
			return err
		}
		if p != nil {
			protocols[settings.Sources[i].Name] = p
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settings, w.lag, w.protocols = settings, lag, protocols
	return nil
}

func (s *Settings) check() (lag time.Duration, err error) {
	if s.Lag != "" {
		if lag, err = time.ParseDuration(s.Lag); err != nil || lag < 0 {
			return 0, fmt.Errorf("lag must be a duration such as 30s, not %q", s.Lag)
		}
	}
	if s.RequestsPerMinute < 0 {
		return 0, errors.New("requests_per_minute must not be negative")
	}
	for _, part := range s.Without {
		if !slices.Contains(Parts, part) {
			return 0, fmt.Errorf("without names %q: there are %s", part, strings.Join(Parts, ", "))
		}
	}
	names, keys := map[string]bool{}, map[string]bool{}
	for _, source := range s.Sources {
		if source.Name == "" || names[source.Name] {
			return 0, errors.New("every source needs a name of its own")
		}
		names[source.Name] = true
		for _, key := range source.WriteKeys {
			if key == "" || keys[key] {
				return 0, fmt.Errorf("source %q has an empty write key, or one that another source has", source.Name)
			}
			keys[key] = true
		}
	}
	return lag, nil
}

// withIDs gives the source, and its plan, the ids that they lack: always the same
// ones for a name.
func (s Source) withIDs() Source {
	s.ID = cmp.Or(s.ID, idOf("source", s.Name))
	if s.TrackingPlan != nil {
		plan := *s.TrackingPlan
		plan.ID = cmp.Or(plan.ID, "tp_"+idOf("plan", plan.Name))
		s.TrackingPlan = &plan
	}
	return s
}

// idOf makes an id that looks like one of Segment's.
func idOf(kind, name string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + name))
	return hex.EncodeToString(sum[:])[:22]
}

// Settings returns what the workspace has, with the sources that keys have made.
func (w *Workspace) Settings() Settings {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.settings
	s.Sources = slices.Clone(w.sources())
	return s
}

func (w *Workspace) sources() []Source {
	if len(w.settings.Sources) > 0 {
		return w.settings.Sources
	}
	return w.found
}

// ofKey returns the source that has a key.
func (w *Workspace) ofKey(key string) (Source, bool) {
	for _, source := range w.sources() {
		if slices.Contains(source.WriteKeys, key) {
			return source, true
		}
	}
	return Source{}, false
}

// Verdict says why Segment throws a call with that key away, or returns nil if it
// does not: it has no such source, the source is disabled, or the call does not
// follow the tracking plan of the source.
func (w *Workspace) Verdict(key string, call *inbox.Call) *inbox.Violation {
	v, p := w.verdict(key)
	if v != nil || p == nil || !call.Accepted {
		return v // A call that fails on ingest never gets to the plan.
	}
	return p.verdict(call)
}

// verdict says why every call with a key is thrown away, or what judges them one
// by one.
func (w *Workspace) verdict(key string) (*inbox.Violation, *protocol) {
	w.mu.Lock()
	defer w.mu.Unlock()
	source, exists := w.ofKey(key)
	switch {
	case !exists && len(w.settings.Sources) > 0:
		return &unknownSource, nil
	case source.Disabled:
		return &disabledSource, nil
	default:
		return nil, w.protocols[source.Name]
	}
}

var (
	unknownSource = inbox.Violation{
		Code: codeUnknown, Field: "writeKey",
		Message: "no source of the workspace has this write key, and Segment answers 200 all the same; use the key of a source that is there",
	}
	disabledSource = inbox.Violation{
		Code: codeDisabled, Field: "writeKey",
		Message: "the source with this write key is disabled, and Segment answers 200 all the same; enable the source",
	}
)

const (
	codeUnknown  = "unknown_source"
	codeDisabled = "source_disabled"
)

// maxFound bounds the sources that keys make.
const maxFound = 1_000

// Note counts the calls that a request brought. The inbox has looked at them.
func (w *Workspace) Note(req *inbox.Request, calls []inbox.Call) {
	if len(calls) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	source, exists := w.ofKey(req.WriteKey)
	if !exists {
		if len(w.settings.Sources) > 0 || len(w.found) == maxFound {
			return
		}
		source = sourceOf(req.WriteKey).withIDs()
		w.found = append(w.found, source)
	}
	for i := range calls {
		w.ledger.add(source.ID, &calls[i])
	}
}

// Counts returns what was counted at one step of a source.
func (w *Workspace) Counts(sourceID string, step Step, want Want) []Row {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := time.Now().Add(-w.lag); w.lag > 0 && want.End.After(now) {
		want.End = now.Truncate(time.Minute)
	}
	return w.ledger.rows(sourceID, step, want)
}

// Reset forgets the counts, and the sources that keys have made.
func (w *Workspace) Reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.found, w.ledger = nil, ledger{}
}
