package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestValuesThatCannotBeMeantAreErrors(t *testing.T) {
	env := func(name string, value any) values {
		return values{"mode": "frontDoor", "env": map[string]any{name: value}}
	}
	extra := func(name string) []any { return []any{map[string]any{"name": name, "value": "x"}} }
	scaled := map[string]any{"enabled": true, "maxReplicas": 12}
	for want, set := range map[string]values{
		"set autoscaling.enabled to false":  {"autoscaling": map[string]any{"enabled": true}, "mode": "frontDoor"},
		"mode":                              {"mode": "rabbit"},
		"replica":                           {"replica": 3},
		"set metricsFrom":                   {"networkPolicy": map[string]any{"enabled": true}},
		"replicas is 13":                    {"autoscaling": scaled, "replicas": 13},
		"KEDA has to know KAFKA_TOPIC":      {"autoscaling": scaled, "extraEnv": extra("KAFKA_TOPIC")},
		"extraEnv: A is set in env, too":    {"env": map[string]any{"A": "b"}, "extraEnv": extra("A")},
		"the chart has to know METRICS_ADD": {"extraEnv": extra("METRICS_ADDRESS")},
		"env.GATEWAY_ADDRESS: \"door\"":     env("GATEWAY_ADDRESS", "door"),
		"the chart has to know QUEUE_PATH":  {"mode": "frontDoor", "extraEnv": extra("QUEUE_PATH")},
		"cannot reach 127.0.0.1:8080":       env("GATEWAY_ADDRESS", "127.0.0.1:8080"),
		"cannot reach [::1]:9":              env("METRICS_ADDRESS", "[::1]:9"),
		"cannot reach localhost:9":          env("METRICS_ADDRESS", "localhost:9"),
		"QUEUE_MAX_BYTES is set by queue":   env("QUEUE_MAX_BYTES", "5"),
		"queue.maxBytes: 20000000000 bytes of events take 24300000000": {
			"mode": "frontDoor", "queue": map[string]any{"maxBytes": "20000000000"},
		},
		"queue.size: 200M is too small": {"mode": "frontDoor", "queue": map[string]any{"size": "200M"}},
		"maxBytes":                      {"mode": "frontDoor", "queue": map[string]any{"maxBytes": "20G"}},
		"fullnameOverride":              {"fullnameOverride": "Door"},
		"podLabels: app.kubernetes.io/instance is how the pods are found": {
			"podLabels": map[string]any{"app.kubernetes.io/instance": "x"},
		},
	} {
		_, err := render(release{"segment", set})
		assert.ErrorContains(t, err, want)
	}
}
