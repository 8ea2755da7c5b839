package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	core "k8s.io/api/core/v1"
)

// apache/apisix-helm-chart#741: what listens was moved, and the probe stayed.
func TestPortsFollowTheAddresses(t *testing.T) {
	moved := values{
		"mode": "frontDoor",
		"env":  map[string]any{"GATEWAY_ADDRESS": "0.0.0.0:8443", "METRICS_ADDRESS": "[::]:9090", "TLS_CERT_FILE": "/tls/tls.crt"},
		"networkPolicy": map[string]any{
			"enabled": true, "metricsFrom": map[string]any{"team": "watch"},
		},
	}
	for name, test := range map[string]struct {
		set           values
		metrics, door int32
		doorName      string
		service       int32
		scheme        core.URIScheme
	}{
		"defaults": {values{"mode": "frontDoor"}, 4195, 8080, "http", 80, ""},
		"moved":    {moved, 9090, 8443, "https", 443, core.URISchemeHTTPS},
	} {
		t.Run(name, func(t *testing.T) {
			r := renderedWith(t, test.set)
			container := r.pod(t).Containers[0]
			assert.Equal(t, []core.ContainerPort{
				{Name: "metrics", ContainerPort: test.metrics}, {Name: test.doorName, ContainerPort: test.door},
			}, container.Ports)
			assert.Equal(t, "metrics", container.LivenessProbe.HTTPGet.Port.StrVal)
			assert.Equal(t, test.doorName, container.ReadinessProbe.HTTPGet.Port.StrVal)
			assert.Equal(t, test.scheme, container.ReadinessProbe.HTTPGet.Scheme)
			port := r.service.Spec.Ports[0]
			assert.Equal(t, test.doorName, port.Name)
			assert.Equal(t, test.service, port.Port)
			// A number is right for pods of before an upgrade, too.
			assert.Equal(t, test.door, port.TargetPort.IntVal)
			assert.Equal(t, test.metrics, r.pods.Spec.Ports[0].Port)
			if len(r.network.Spec.Ingress) > 0 {
				assert.Equal(t, test.door, r.network.Spec.Ingress[1].Ports[0].Port.IntVal)
			}
		})
	}
	container := renderedWith(t, values{"env": map[string]any{"METRICS_ADDRESS": ":9090"}}).pod(t).Containers[0]
	assert.Equal(t, []core.ContainerPort{{Name: "metrics", ContainerPort: 9090}}, container.Ports)
}

var jobs = regexp.MustCompile(`job=~"([^"]*)"`)

// The operator calls a job by its Service, and an alert for jobs of another name never
// fires: prometheus-operator/prometheus-operator#298.
func TestTheAlertsFindTheJobOfTheServiceMonitor(t *testing.T) {
	rules, err := os.ReadFile(filepath.Join(repository, "docs/monitoring/rules.yml"))
	require.NoError(t, err)
	found := jobs.FindAllStringSubmatch(string(rules), -1)
	require.NotEmpty(t, found)
	for _, set := range []values{{}, {"mode": "frontDoor", "fullnameOverride": "door"}} {
		set["serviceMonitor"] = map[string]any{"enabled": true}
		r := renderedWith(t, set)
		relabelings := r.monitor.Spec.Endpoints[0].RelabelConfigs
		require.Len(t, relabelings, 1)
		assert.Equal(t, "job", relabelings[0].TargetLabel)
		job := *relabelings[0].Replacement
		assert.Equal(t, "benthos-segment/default/"+r.monitor.Name, job)
		for _, rule := range found {
			assert.Regexp(t, "^(?:"+rule[1]+")$", job)
		}
	}
}
