package verify

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"benthos-segment/cmd/internal/command"
	"benthos-segment/internal/ingest"
	"benthos-segment/internal/publicapi"
)

// examine asks about all targets. Outputs with the same key are one question.
func examine(ctx context.Context, conf config) (*report, error) {
	r := &report{}
	lists := map[account]listed{}
	groups := grouped(conf.targets)
	if conf.plan != "" && len(groups) > 1 {
		return nil, fmt.Errorf("--%s takes the plan of one source, and the outputs of the pipeline send to %d: set %s to the key of one of them, and run verify without a pipeline",
			flagPlan, len(groups), keyVariable)
	}
	for _, group := range groups {
		first := group[0]
		v := &verdict{Outputs: namesOf(group)}
		r.Sources = append(r.Sources, v)
		if first.isInterpolated {
			v.State = "interpolated"
			v.gap("write_key is another one for each message, so nobody can tell which source the calls go to: " +
				"set " + keyVariable + " to one of the keys, and run verify without a pipeline")
			continue
		}
		v.WriteKey = ingest.Fingerprint(first.writeKey)
		if first.writeKey == "" {
			v.problem("write_key is empty: set the variable that it comes from")
			continue
		}
		account := accountOf(conf, first)
		if _, isKnown := lists[account]; !isKnown {
			lists[account] = list(ctx, conf, account, first)
		}
		if failed := lists[account].err; failed != nil {
			v.State = "unknown"
			v.gap(failed.Error())
			continue
		}
		e := examination{conf: conf, group: group, listing: lists[account].listing, verdict: v}
		e.run(ctx)
	}
	return r, ctx.Err()
}

// listed is what an account shows, or why it shows nothing.
type listed struct {
	listing *publicapi.Listing
	err     error
}

// account is what the API is asked by.
type account struct{ token, api, region string }

// accountOf prefers the token of the output: others may be of other workspaces.
func accountOf(conf config, t target) account {
	return account{
		token:  cmp.Or(t.token, strings.TrimSpace(os.Getenv(tokenVariable))),
		api:    cmp.Or(conf.api, t.api),
		region: t.region,
	}
}

// patience is how long a limit of the API is waited for.
const patience = 3 * time.Minute

func list(ctx context.Context, conf config, a account, t target) listed {
	if a.token == "" {
		return listed{err: fmt.Errorf("set %s to a token of Segment's Public API, which a Workspace Owner makes under Settings, Access Management, Tokens", tokenVariable)}
	}
	transport, err := t.transport()
	if err != nil {
		return listed{err: err}
	}
	lookup, err := publicapi.NewLookup(publicapi.Config{
		BaseURL: a.api, Token: publicapi.Token(a.token), UserAgent: "benthos-segment/" + conf.version,
		Transport: transport, Patience: patience,
		Waiting: func(pause time.Duration, because *publicapi.Error) {
			conf.say(fmt.Sprintf("waiting %s: %v", pause.Round(100*time.Millisecond), because))
		},
	}, a.region)
	if err != nil {
		return listed{err: err}
	}
	listing, err := lookup.List(ctx)
	return listed{listing, err}
}

// grouped puts outputs together that send to the same source in the same way.
func grouped(targets []target) (groups [][]target) {
	for _, t := range targets {
		at := slices.IndexFunc(groups, func(group []target) bool {
			g := group[0]
			return g.writeKey == t.writeKey && g.region == t.region && g.isOfRegion == t.isOfRegion && g.token == t.token && g.api == t.api
		})
		if at < 0 {
			groups = append(groups, []target{t})
			continue
		}
		groups[at] = append(groups[at], t)
	}
	return groups
}

func namesOf(group []target) (names []string) {
	for _, t := range group {
		names = append(names, cmp.Or(t.label, t.path))
	}
	return names
}

// examination is that of one source.
type examination struct {
	conf    config
	group   []target
	listing *publicapi.Listing
	// hasWaited says that calls were missing before, and waited for.
	hasWaited bool
	*verdict
}

func (e *examination) run(ctx context.Context) {
	first, space := e.group[0], e.listing.Workspace
	e.Workspace = &workspace{Name: space.Name, Slug: space.Slug, Region: e.listing.Region}
	if first.isOfRegion && e.listing.Region != "" && e.listing.Region != first.region {
		e.problem(fmt.Sprintf("the workspace is in the region %s and calls go to the region %s, which answers 200 and throws all of them away: set region: %s, and no endpoint",
			e.listing.Region, first.region, e.listing.Region))
	}
	if !first.isOfRegion {
		e.note("calls go to an endpoint of your own, so it is not known in which region they arrive")
	}
	found, state := e.listing.Of(first.writeKey)
	switch state {
	case publicapi.Unshown:
		e.State = "unknown"
		e.gap("the token shows none of the write keys of the workspace, so nobody can tell whether the key is right: give it the role Source Admin on the source")
		return
	case publicapi.Sourceless:
		e.State = "unknown"
		e.gap("the token sees no source of the workspace, so nobody can tell whether the key is right: give it the role Source Admin on the source, or make the source if there is none")
		return
	case publicapi.Unknown:
		e.State = "absent"
		e.problem(noneHas(len(e.listing.Sources)) + " this write key, so Segment answers 200 and throws all calls away: " +
			"check write_key, and whether the token is of the same workspace and has the role Source Admin on the source")
		return
	case publicapi.Disabled:
		e.State = "disabled"
		e.problem("the source is disabled, so Segment answers 200 and throws all calls away: enable the source at Segment")
	default:
		e.State = "enabled"
	}
	e.Source = &source{ID: found.ID, Name: found.Title(), Slug: found.Slug}
	if e.conf.plan != "" {
		e.fetchPlan(ctx, found.ID)
	}
	if !e.conf.sourceOnly {
		e.count(ctx, found.ID)
	}
}

func noneHas(sources int) string {
	if sources == 1 {
		return "the only source that the token may see does not have"
	}
	return fmt.Sprintf("none of the %d sources that the token may see has", sources)
}

// lookAgain is how often it is asked for calls that are missing.
const lookAgain = 10 * time.Second

// count asks what was counted, until nothing is missing or it has taken too long.
func (e *examination) count(ctx context.Context, sourceID string) {
	e.compareWith()
	until := time.Now().Add(e.conf.wait)
	for {
		if err := e.ask(ctx, sourceID); err != nil {
			e.gap(err.Error())
			return
		}
		if e.missing() <= 0 || time.Now().Add(lookAgain).After(until) {
			break
		}
		e.conf.say(fmt.Sprintf("waiting for %s that Segment does not show yet", command.Count(e.missing(), "call")))
		e.hasWaited = true
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return
		}
	}
	e.conclude(e.isEarly())
}

// settled is how long after the last call the counts are taken for whole.
const settled = 5 * time.Minute

// isEarly says that calls may be missing because Segment has not counted them yet.
func (e *examination) isEarly() bool {
	return e.conf.counted != nil && !e.hasWaited && time.Since(e.conf.counted.end) < settled
}

// compareWith takes what the pipeline has counted, if that is of the same time.
func (e *examination) compareWith() {
	all := e.conf.counted
	if all == nil {
		return
	}
	if all.start.IsZero() {
		e.note("the metrics do not tell since when they count, so they are compared with nothing")
		return
	}
	if apart := all.start.Sub(e.conf.since).Abs(); e.conf.isSince && apart > time.Minute {
		e.note(fmt.Sprintf("the pipeline has counted since %s, and not since the time of --%s: leave --%s out to compare", stamp(all.start), flagSince, flagSince))
		return
	}
	counted, err := all.of(e.group, len(e.group) == len(e.conf.targets))
	if err != nil {
		e.note(err.Error())
		return
	}
	e.Pipeline = &counted
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// ask asks what was counted now.
func (e *examination) ask(ctx context.Context, sourceID string) error {
	span, err := publicapi.Since(e.conf.since, time.Now())
	if err != nil {
		return err
	}
	e.Since, e.Until = stamp(span.Start), stamp(span.End)
	client, query := e.listing.Client, publicapi.Query{SourceID: sourceID, Span: span, GroupBy: []publicapi.Dimension{publicapi.EventType}}
	rows, err := client.Delivery(ctx, publicapi.SuccessfullyReceived, query)
	if isMissing(err) {
		return e.askVolume(ctx, sourceID, span, err)
	}
	if err != nil {
		return err
	}
	e.Received, e.Discarded = byType(rows), []discard{}
	query.GroupBy = append(query.GroupBy, publicapi.DiscardReason)
	for _, step := range []publicapi.Step{publicapi.FailedOnIngest, publicapi.FilteredAtSource} {
		rows, err := client.Delivery(ctx, step, query)
		if err != nil {
			return err
		}
		for _, row := range rows {
			e.Discarded = append(e.Discarded, discard{
				Step: string(step), Reason: row.DiscardReason, Type: row.EventType, Count: int64(row.Total), Meaning: publicapi.Meaning(row.DiscardReason),
			})
		}
	}
	return nil
}

// askVolume is for workspaces that have the older statistics only.
func (e *examination) askVolume(ctx context.Context, sourceID string, span publicapi.Span, why error) error {
	rows, err := e.listing.Client.Volume(ctx, sourceID, span)
	if err != nil {
		return fmt.Errorf("%w; and what was received is not known either: %w", why, err)
	}
	e.Received, e.Discarded = byType(rows), nil
	if !e.hasGap() {
		e.gap("what was thrown away is not known, only what was received: " + why.Error())
	}
	return nil
}

// isMissing says that the workspace or the token does not have this.
func isMissing(err error) bool {
	kind, isOfAPI := publicapi.KindOf(err)
	return isOfAPI && (kind == publicapi.Denied || kind == publicapi.Missing)
}

func byType(rows []publicapi.Row) map[string]int64 {
	counts := map[string]int64{}
	for _, row := range rows {
		counts[row.EventType] += int64(row.Total)
	}
	return counts
}
