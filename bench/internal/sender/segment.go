package sender

import (
	"fmt"
	"net/http"

	"github.com/segmentio/analytics-go/v3"
)

// Segment sends the events by Segment's SDK for Go. What its Context has no
// member for is lost on the way.
func Segment(settings Settings) error {
	config := analytics.Config{Endpoint: settings.Endpoint, BatchSize: settings.BatchSize}
	if settings.IdleConnections > 0 {
		config.Transport = &http.Transport{MaxIdleConnsPerHost: settings.IdleConnections}
	}
	client, err := analytics.NewWithConfig("bench-write-key", config)
	if err != nil {
		return err
	}
	err = each(settings.File, func(event *members[analytics.Context]) error {
		if settings.ReadOnly {
			return nil
		}
		message, err := segmentMessage(event)
		if err != nil {
			return err
		}
		return client.Enqueue(message)
	})
	if err != nil {
		return err
	}
	return client.Close()
}

func segmentMessage(e *members[analytics.Context]) (analytics.Message, error) {
	switch e.Type {
	case "identify":
		if e.Traits == nil && e.Context != nil {
			e.Traits = e.Context.Traits
		}
		return analytics.Identify{MessageId: e.MessageID, UserId: e.UserID, AnonymousId: e.AnonymousID, Timestamp: e.when(), Context: e.Context, Traits: e.Traits}, nil
	case "track":
		return analytics.Track{MessageId: e.MessageID, UserId: e.UserID, AnonymousId: e.AnonymousID, Timestamp: e.when(), Context: e.Context, Event: e.Event, Properties: e.Properties}, nil
	case "page":
		return analytics.Page{MessageId: e.MessageID, UserId: e.UserID, AnonymousId: e.AnonymousID, Timestamp: e.when(), Context: e.Context, Name: e.Name, Properties: e.Properties}, nil
	case "screen":
		return analytics.Screen{MessageId: e.MessageID, UserId: e.UserID, AnonymousId: e.AnonymousID, Timestamp: e.when(), Context: e.Context, Name: e.screenName(), Properties: e.Properties}, nil
	case "group":
		return analytics.Group{MessageId: e.MessageID, UserId: e.UserID, AnonymousId: e.AnonymousID, Timestamp: e.when(), Context: e.Context, GroupId: e.GroupID, Traits: e.Traits}, nil
	case "alias":
		return analytics.Alias{MessageId: e.MessageID, UserId: e.UserID, PreviousId: e.PreviousID, Timestamp: e.when(), Context: e.Context}, nil
	default:
		return nil, fmt.Errorf("the type is %q", e.Type)
	}
}
