package plugin

import (
	"fmt"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/bloblang"
	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
	"benthos-segment/internal/tracking/wire"
	"benthos-segment/plugin/internal/parsed"
	"benthos-segment/plugin/internal/policy"
	"benthos-segment/plugin/internal/verification"
)

// endpoints are Segment's two regions; there is no other.
// https://www.twilio.com/docs/segment/guides/regional-segment
var endpoints = map[string]string{
	"us": "https://api.segment.io",
	"eu": "https://events.eu1.segmentapis.com",
}

// regions are their names.
var regions = map[string]string{"us": "us", "eu": "eu"}

// authorizationServers are those of the regions.
// https://www.twilio.com/docs/segment/connections/oauth
var authorizationServers = map[string]string{
	"us": "https://oauth2.segment.io",
	"eu": "https://oauth2.eu1.segmentapis.com",
}

type outputConfig struct {
	writeKey  *service.InterpolatedString
	messageID *service.InterpolatedString
	// mapping is nil where none is set.
	mapping     *bloblang.Executor
	rateLimit   string
	maxInFlight int
	convert     segment.Config
	tracking    tracking.Config
	transport   wire.Config
	verify      verification.Config
}

// hasQueries says whether Bloblang is run on messages.
func (c *outputConfig) hasQueries() bool {
	_, keyIsStatic := c.writeKey.Static()
	_, idIsStatic := c.messageID.Static()
	return c.mapping != nil || !keyIsStatic || !idIsStatic
}

func outputConfigFromParsed(conf *service.ParsedConfig) (c outputConfig, err error) {
	if err = check(conf); err != nil {
		return
	}
	if c.writeKey, err = conf.FieldInterpolatedString(soFieldWriteKey); err != nil {
		return
	}
	if c.messageID, err = conf.FieldInterpolatedString(soFieldMessageID); err != nil {
		return
	}
	if c.mapping, err = mappingFromParsed(conf); err != nil {
		return
	}
	if c.rateLimit, err = conf.FieldString(soFieldRateLimit); err != nil {
		return
	}
	if c.maxInFlight, err = conf.FieldMaxInFlight(); err != nil {
		return
	}
	if c.convert, err = convertConfigFromParsed(conf); err != nil {
		return
	}
	if c.tracking, err = trackingConfigFromParsed(conf); err != nil {
		return
	}
	if c.verify, err = c.verificationFromParsed(conf); err != nil {
		return
	}
	if c.transport, err = transportConfigFromParsed(conf, append(c.tracking.URLs(), c.verify.URLs()...)...); err != nil {
		return
	}
	c.transport.Connections = c.tracking.ParallelRequests
	return
}

// verificationFromParsed reads what Segment's Public API is asked. The write key
// has been read before.
func (c *outputConfig) verificationFromParsed(conf *service.ParsedConfig) (v verification.Config, err error) {
	if v, err = verification.ConfigFromParsed(conf.Namespace(verification.Name)); err != nil {
		return
	}
	if v.Region, err = parsed.OneOf(conf, soFieldRegion, regions); err != nil {
		return
	}
	// An endpoint decides where calls go, whatever the region is.
	for region, host := range endpoints {
		if strings.EqualFold(strings.TrimSuffix(strings.TrimRight(c.tracking.Endpoint, "/"), "/v1"), host) {
			v.Region, v.IsOfRegion = region, true
		}
	}
	v.UserAgent = c.tracking.UserAgent
	if key, isStatic := c.writeKey.Static(); isStatic {
		v.WriteKey = strings.TrimSpace(key)
	}
	return
}

func mappingFromParsed(conf *service.ParsedConfig) (*bloblang.Executor, error) {
	text, err := conf.FieldString(soFieldMapping)
	if err != nil || strings.TrimSpace(text) == "" {
		return nil, err
	}
	return conf.FieldBloblang(soFieldMapping)
}

func convertConfigFromParsed(conf *service.ParsedConfig) (c segment.Config, err error) {
	c.LibraryName, c.LibraryVersion = libraryName, version()
	c.NewID = newID
	if c.Integrations, err = parsed.OneOf(conf, soFieldIntegrations, segment.IntegrationsModes); err != nil {
		return
	}
	if c.MaxCallBytes, err = conf.FieldInt(soFieldMaxCallBytes); err != nil {
		return
	}
	if err = policy.ConsentInto(&c, conf); err != nil {
		return
	}
	err = policy.PlanInto(&c, conf)
	return
}

func trackingConfigFromParsed(conf *service.ParsedConfig) (c tracking.Config, err error) {
	c.UserAgent = libraryName + "/" + version()
	if c.Endpoint, err = endpointFromParsed(conf); err != nil {
		return
	}
	if c.SentAt, err = parsed.OneOf(conf, soFieldSentAt, map[string]bool{"now": true, "none": false}); err != nil {
		return
	}
	if c.Gzip, err = parsed.OneOf(conf, soFieldCompression, map[string]bool{"gzip": true, "none": false}); err != nil {
		return
	}
	if c.RejectOnSetupError, err = parsed.OneOf(conf, soFieldOnSetupError, map[string]bool{"reject": true, "hold": false}); err != nil {
		return
	}
	if c.MaxRequestBytes, err = conf.FieldInt(soFieldMaxRequestBytes); err != nil {
		return
	}
	if c.MaxRequestCalls, err = conf.FieldInt(soFieldMaxRequestCalls); err != nil {
		return
	}
	if c.ParallelRequests, err = conf.FieldInt(soFieldParallelRequests); err != nil {
		return
	}
	if c.EventsPerSecond, err = conf.FieldInt(soFieldEventsPerSecond); err != nil {
		return
	}
	if c.Timeout, err = conf.FieldDuration(soFieldTimeout); err != nil {
		return
	}
	if c.OAuth, err = oauthFromParsed(conf); err != nil {
		return
	}
	c.Retry, err = retryFromParsed(conf)
	return
}

func retryFromParsed(conf *service.ParsedConfig) (tracking.Retry, error) {
	waits, err := conf.FieldBackOff(soFieldRetry)
	if err != nil {
		return tracking.Retry{}, err
	}
	return tracking.Retry{
		InitialInterval: waits.InitialInterval,
		MaxInterval:     waits.MaxInterval,
		MaxElapsedTime:  waits.MaxElapsedTime,
	}, nil
}

func endpointFromParsed(conf *service.ParsedConfig) (string, error) {
	endpoint, err := conf.FieldString(soFieldEndpoint)
	if err != nil {
		return "", err
	}
	if endpoint = strings.TrimSpace(endpoint); endpoint != "" {
		return endpoint, nil
	}
	return parsed.OneOf(conf, soFieldRegion, endpoints)
}

// batchPolicyFromParsed fills in what the config leaves out, for so many batches
// under way at a time.
func batchPolicyFromParsed(conf *service.ParsedConfig, maxInFlight int) (service.BatchPolicy, error) {
	policy, err := conf.FieldBatchPolicy(soFieldBatching)
	if err != nil {
		return policy, err
	}
	if policy.Count == 0 && policy.ByteSize == 0 && policy.Check == "" {
		policy.Count = defaultBatchCount
	}
	if policy.Period == "" {
		// Also where it has nothing to do, as with a count of 1: without any
		// policy the engine would hand a fallback the headline of a batch of one
		// message, instead of the message's own error.
		policy.Period = defaultBatchPeriod
		if maxInFlight == 1 {
			policy.Period = defaultLonePeriod
		}
	}
	if _, err := time.ParseDuration(policy.Period); err != nil {
		return policy, fmt.Errorf("field %s.period: %w", soFieldBatching, err)
	}
	return policy, nil
}

// integrationsModes returns the description of each mode by its name.
func integrationsModes() map[string]string {
	described := make(map[string]string, len(segment.IntegrationsModes))
	for name, mode := range segment.IntegrationsModes {
		described[name] = mode.Description()
	}
	return described
}
