package prometheus

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
)

const noGateway = "field push_interval: there is nowhere to push to; set push_url, or leave push_interval out"

// config is what was configured.
type config struct {
	histograms, process, runtime bool
	buckets                      []float64
	objectives                   map[float64]float64
	file                         string
	push                         pushConfig
}

func configOf(parsed *service.ParsedConfig) (c config, err error) {
	for field, into := range map[string]*bool{fieldHistograms: &c.histograms, fieldProcess: &c.process, fieldGo: &c.runtime} {
		if *into, err = parsed.FieldBool(field); err != nil {
			return c, err
		}
	}
	if c.buckets, err = bucketsOf(parsed); err != nil {
		return c, fmt.Errorf("field %s: %w", fieldBuckets, err)
	}
	if c.objectives, err = objectivesOf(parsed); err != nil {
		return c, fmt.Errorf("field %s: %w", fieldObjectives, err)
	}
	if c.file, err = parsed.FieldString(fieldFile); err != nil {
		return c, err
	}
	c.push, err = pushOf(parsed)
	return c, err
}

func bucketsOf(parsed *service.ParsedConfig) ([]float64, error) {
	buckets, err := parsed.FieldFloatList(fieldBuckets)
	if err != nil {
		return nil, err
	}
	if len(buckets) == 0 {
		for _, bound := range usualBuckets {
			buckets = append(buckets, bound.(float64))
		}
	}
	for i, bound := range buckets {
		if math.IsNaN(bound) || i > 0 && bound <= buckets[i-1] {
			return nil, fmt.Errorf("%v is not above the bound before it; list the bounds from the lowest to the highest, in seconds", bound)
		}
	}
	return buckets, nil
}

func objectivesOf(parsed *service.ParsedConfig) (map[float64]float64, error) {
	list, err := parsed.FieldObjectList(fieldObjectives)
	if err != nil {
		return nil, err
	}
	objectives := make(map[float64]float64, len(list))
	for _, each := range list {
		quantile, err := each.FieldFloat(fieldQuantile)
		if err != nil {
			return nil, err
		}
		margin, err := each.FieldFloat(fieldError)
		if err != nil {
			return nil, err
		}
		if !(quantile >= 0 && quantile <= 1) || !(margin >= 0 && margin <= 1) {
			return nil, fmt.Errorf("quantile %v with error %v; both are from 0 to 1", quantile, margin)
		}
		objectives[quantile] = margin
	}
	return objectives, nil
}

func pushOf(parsed *service.ParsedConfig) (c pushConfig, err error) {
	if c.url, err = parsed.FieldString(fieldPushURL); err != nil {
		return c, err
	}
	if c.job, err = parsed.FieldString(fieldJob); err != nil {
		return c, err
	}
	if c.user, err = parsed.FieldString(fieldAuth, fieldUser); err != nil {
		return c, err
	}
	if c.password, err = parsed.FieldString(fieldAuth, fieldPassword); err != nil {
		return c, err
	}
	interval, err := parsed.FieldString(fieldInterval)
	switch {
	case err != nil:
		return c, err
	case c.url != "" && c.job == "":
		return c, fmt.Errorf("field %s: is empty; name the job that is pushed for", fieldJob)
	case interval == "":
		return c, nil
	case c.url == "":
		return c, errors.New(noGateway)
	}
	if c.interval, err = time.ParseDuration(interval); err != nil || c.interval <= 0 {
		return c, fmt.Errorf("field %s: must be a duration of more than 0s, such as 30s", fieldInterval)
	}
	return c, nil
}
