package sender

import (
	"fmt"
	"net/http"

	"github.com/rudderlabs/analytics-go/v4"
)

// Rudder sends the events by RudderStack's SDK for Go. What its Context has no
// member for is lost on the way.
func Rudder(settings Settings) error {
	config := analytics.Config{DataPlaneUrl: settings.Endpoint, BatchSize: settings.BatchSize, DisableGzip: settings.NoGzip}
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
		message, err := rudderMessage(event)
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

func rudderMessage(e *members[analytics.Context]) (analytics.Message, error) {
	switch e.Type {
	case "identify":
		if e.Traits == nil && e.Context != nil {
			e.Traits = e.Context.Traits
		}
		return analytics.Identify{MessageId: e.MessageID, UserId: e.UserID, AnonymousId: e.AnonymousID, OriginalTimestamp: e.when(), Context: e.Context, Traits: e.Traits}, nil
	case "track":
		return analytics.Track{MessageId: e.MessageID, UserId: e.UserID, AnonymousId: e.AnonymousID, OriginalTimestamp: e.when(), Context: e.Context, Event: e.Event, Properties: e.Properties}, nil
	case "page":
		return analytics.Page{MessageId: e.MessageID, UserId: e.UserID, AnonymousId: e.AnonymousID, OriginalTimestamp: e.when(), Context: e.Context, Name: e.Name, Properties: e.Properties}, nil
	case "screen":
		return analytics.Screen{MessageId: e.MessageID, UserId: e.UserID, AnonymousId: e.AnonymousID, OriginalTimestamp: e.when(), Context: e.Context, Name: e.screenName(), Properties: e.Properties}, nil
	case "group":
		return analytics.Group{MessageId: e.MessageID, UserId: e.UserID, AnonymousId: e.AnonymousID, OriginalTimestamp: e.when(), Context: e.Context, GroupId: e.GroupID, Traits: e.Traits}, nil
	case "alias":
		return analytics.Alias{MessageId: e.MessageID, UserId: e.UserID, PreviousId: e.PreviousID, OriginalTimestamp: e.when(), Context: e.Context}, nil
	default:
		return nil, fmt.Errorf("the type is %q", e.Type)
	}
}
