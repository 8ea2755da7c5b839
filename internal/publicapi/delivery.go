package publicapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// Step is one of the places in Segment where calls are counted.
type Step string

// The steps from the Tracking API to the destinations. The counts of the last
// three need a destination, and are not asked for here.
// https://www.twilio.com/docs/segment/connections/delivery-overview
const (
	SuccessfullyReceived Step = "successfully-received"
	FailedOnIngest       Step = "failed-on-ingest"
	FilteredAtSource     Step = "filtered-at-source"
)

// Dimension is what counts can be told apart by.
type Dimension string

// The dimensions. SuccessfullyReceived has no discard reason.
const (
	EventName     Dimension = "eventName"
	EventType     Dimension = "eventType"
	AppVersion    Dimension = "appVersion"
	DiscardReason Dimension = "discardReason"
)

// Row is a count of calls that have the same dimensions. One that was not asked
// for is empty.
type Row struct {
	EventName     string   `json:"eventName"`
	EventType     string   `json:"eventType"`
	AppVersion    string   `json:"appVersion"`
	DiscardReason string   `json:"discardReason"`
	Total         Count    `json:"total"`
	Series        []Bucket `json:"series"`
}

// Bucket is the part of a count that is of one minute, hour or day.
type Bucket struct {
	Time  time.Time `json:"time"`
	Count Count     `json:"count"`
}

// Count is a number of calls. The API writes numbers, and not always whole ones.
type Count int64

// UnmarshalJSON reads a number.
func (c *Count) UnmarshalJSON(text []byte) error {
	var n float64
	if err := json.Unmarshal(text, &n); err != nil {
		return err
	}
	*c = Count(n)
	return nil
}

// Query says which counts are wanted.
type Query struct {
	SourceID string
	Span
	GroupBy []Dimension
	// AppVersion limits the counts to calls with this context.app.version.
	AppVersion string
}

const needsDeliveryOverview = "Delivery Overview, which workspaces of the Business plan have, and the role Source Admin"

// Delivery returns the counts of one step.
func (c *Client) Delivery(ctx context.Context, step Step, want Query) ([]Row, error) {
	q := question{
		op: "asking what Segment counted as " + string(step), needs: needsDeliveryOverview,
		path: "/delivery-overview/" + string(step), query: want.Span.values(),
	}
	q.query.Set("sourceId", want.SourceID)
	for i, by := range want.GroupBy {
		q.query.Set("groupBy."+strconv.Itoa(i), string(by))
	}
	if want.AppVersion != "" {
		q.query.Set("filter[appVersion].0", want.AppVersion)
	}
	return all(list[Row](ctx, c, q, "dataset"))
}

const needsEventsVolume = "the Public API, which workspaces of the Team and Business plans have, and the role Source Admin"

// Volume returns how many valid calls of each type Segment counted, by its older
// statistics, which more workspaces have.
func (c *Client) Volume(ctx context.Context, sourceID string, span Span) ([]Row, error) {
	q := question{
		op: "asking for the volume of events", needs: needsEventsVolume,
		path: "/events/volume", query: span.values(),
	}
	q.query.Set("sourceId.0", sourceID)
	q.query.Set("groupBy.0", string(EventType))
	return all(list[Row](ctx, c, q, "result"))
}

// Span is a time that counts are wanted for: from Start until before End, which
// is now or not long ago.
type Span struct {
	Start, End time.Time
}

// The API counts at most so much at once by minutes and by hours.
// https://docs.segmentapis.com/tag/Delivery-Overview
const (
	maxMinutes = 4 * time.Hour
	maxHours   = 14 * 24 * time.Hour
	// MaxAge is how old the start of a span may be.
	MaxAge = 30 * 24 * time.Hour
)

// Since returns the span from a time until now, widened to the minutes, hours or
// days that the API counts by, or says why it cannot tell.
func Since(start, now time.Time) (Span, error) {
	span := Span{start.UTC(), now.UTC().Truncate(time.Second)}
	switch {
	case !start.Before(now):
		return span, fmt.Errorf("the time to count from, %s, is not in the past", start.UTC().Format(time.RFC3339))
	case now.Sub(start) > MaxAge:
		return span, fmt.Errorf("counts are kept for 30 days, and %s is longer ago", start.UTC().Format(time.RFC3339))
	}
	wide := span
	wide.Start = span.Start.Truncate(span.unit())
	// What it is widened by must not take it to a coarser count.
	if wide.unit() != span.unit() || now.Sub(wide.Start) > MaxAge {
		wide.Start = wide.Start.Add(span.unit())
	}
	return wide, nil
}

// unit is how long the parts are that the counts are made of.
func (s Span) unit() time.Duration {
	length := s.End.Sub(s.Start)
	switch {
	case length <= maxMinutes:
		return time.Minute
	case length <= maxHours:
		return time.Hour
	default:
		return 24 * time.Hour
	}
}

var granularities = map[time.Duration]string{time.Minute: "MINUTE", time.Hour: "HOUR", 24 * time.Hour: "DAY"}

func (s Span) values() url.Values {
	return url.Values{
		"startTime":   {s.Start.UTC().Format(time.RFC3339)},
		"endTime":     {s.End.UTC().Format(time.RFC3339)},
		"granularity": {granularities[s.unit()]},
	}
}
