package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// A name that is there twice is refused by kubectl apply, or the last one counts.
func TestAVariableThatIsSetReplacesTheOneOfTheMode(t *testing.T) {
	set := values{"mode": "frontDoor", "env": map[string]any{
		"QUEUE_PATH": "/mnt/queue", "LIMIT": 1e6, "RATIO": 0.25, "ON": true, "TLS_CERT_FILE": "/tls/tls.crt",
	}}
	container := renderedWith(t, set).pod(t).Containers[0]
	assert.Equal(t, map[string]string{
		"METRICS_ADDRESS": "0.0.0.0:4195", "GATEWAY_ADDRESS": "0.0.0.0:8080", "QUEUE_PATH": "/mnt/queue",
		"DEAD_LETTERS": "/var/lib/benthos-segment/dead_letters.ndjson",
		"LIMIT":        "1000000", "RATIO": "0.25", "ON": "true", "TLS_CERT_FILE": "/tls/tls.crt",
	}, environment(t, container), "and no KAFKA_BROKERS")
	assert.Equal(t, core.URISchemeHTTPS, container.ReadinessProbe.HTTPGet.Scheme)

	container = renderedWith(t, values{}).pod(t).Containers[0]
	assert.Equal(t, map[string]string{"METRICS_ADDRESS": "0.0.0.0:4195", "KAFKA_BROKERS": "kafka:9092"}, environment(t, container))
}

func TestAPodHasTimeToEnd(t *testing.T) {
	for mode, grace := range map[string]int64{"kafka": 75, "frontDoor": 30} {
		r := renderedWith(t, values{"mode": mode})
		pod := r.pod(t)
		assert.Equal(t, grace, *pod.TerminationGracePeriodSeconds)
		var pipeline struct {
			Timeout string `json:"shutdown_timeout"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(r.configMap.Data["pipeline.yaml"]), &pipeline))
		needed, err := time.ParseDuration(pipeline.Timeout)
		require.NoError(t, err)
		if hook := pod.Containers[0].Lifecycle; hook != nil {
			needed += time.Duration(hook.PreStop.Sleep.Seconds) * time.Second
		}
		assert.Greater(t, time.Duration(grace)*time.Second, needed, mode)

		r = renderedWith(t, values{"mode": mode, "terminationGracePeriodSeconds": 120})
		assert.Equal(t, int64(120), *r.pod(t).TerminationGracePeriodSeconds)
	}
}

// The address that SDKs reach does not show what is counted.
func TestTheServiceOfTheFrontDoorHasItsPortOnly(t *testing.T) {
	r := renderedWith(t, values{
		"mode":           "frontDoor",
		"serviceMonitor": map[string]any{"enabled": true, "labels": map[string]any{"release": "prometheus"}},
		"networkPolicy":  map[string]any{"enabled": true, "metricsFrom": map[string]any{"team": "watch"}},
	})
	assert.Equal(t, core.ServiceAffinityClientIP, r.service.Spec.SessionAffinity)
	require.Len(t, r.service.Spec.Ports, 1)
	assert.Equal(t, "http", r.service.Spec.Ports[0].Name)
	assert.Equal(t, core.ClusterIPNone, r.pods.Spec.ClusterIP)
	require.Len(t, r.pods.Spec.Ports, 1)
	assert.Equal(t, r.pods.Spec.Ports[0].Name, r.monitor.Spec.Endpoints[0].Port)
	assert.Subset(t, r.pods.Labels, r.monitor.Spec.Selector.MatchLabels)
	assert.NotSubset(t, r.service.Labels, r.monitor.Spec.Selector.MatchLabels)
	assert.Equal(t, "prometheus", r.monitor.Labels["release"])

	require.Len(t, r.network.Spec.Ingress, 2)
	metrics, door := r.network.Spec.Ingress[0], r.network.Spec.Ingress[1]
	assert.Equal(t, "metrics", metrics.Ports[0].Port.StrVal)
	assert.Equal(t, map[string]string{"team": "watch"}, metrics.From[0].NamespaceSelector.MatchLabels)
	assert.EqualValues(t, 8080, door.Ports[0].Port.IntVal)
	assert.Empty(t, door.From)
}

func TestAPodTakesWhatIsAddedToIt(t *testing.T) {
	r := renderedWith(t, values{
		"imagePullSecrets":          []any{map[string]any{"name": "registry"}},
		"extraVolumes":              []any{map[string]any{"name": "tls", "secret": map[string]any{"secretName": "tls"}}},
		"extraVolumeMounts":         []any{map[string]any{"name": "tls", "mountPath": "/tls", "readOnly": true}},
		"topologySpreadConstraints": []any{map[string]any{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}},
		"nodeSelector":              map[string]any{"disk": "ssd"},
		"tolerations":               []any{map[string]any{"key": "spot", "operator": "Exists"}},
		"serviceAccountName":        "segment",
		"priorityClassName":         "high",
		"extraEnv": []any{
			map[string]any{"name": "POD_NAME", "valueFrom": map[string]any{"fieldRef": map[string]any{"fieldPath": "metadata.name"}}},
			map[string]any{"name": "KAFKA_BROKERS", "value": "a:1"},
		},
		"podAnnotations": map[string]any{"sidecar": "false"},
		"podLabels":      map[string]any{"team": "data"},
	})
	pod := r.pod(t)
	assert.Equal(t, "registry", pod.ImagePullSecrets[0].Name)
	assert.Equal(t, "tls", pod.Volumes[len(pod.Volumes)-1].Secret.SecretName)
	mounts := pod.Containers[0].VolumeMounts
	assert.Equal(t, "/tls", mounts[len(mounts)-1].MountPath)
	assert.Equal(t, "zone", pod.TopologySpreadConstraints[0].TopologyKey)
	assert.Equal(t, "ssd", pod.NodeSelector["disk"])
	assert.Equal(t, "spot", pod.Tolerations[0].Key)
	assert.Equal(t, "segment", pod.ServiceAccountName)
	assert.False(t, *pod.AutomountServiceAccountToken)
	assert.Equal(t, "high", pod.PriorityClassName)
	added := pod.Containers[0].Env[len(pod.Containers[0].Env)-2:]
	assert.Equal(t, "metadata.name", added[0].ValueFrom.FieldRef.FieldPath)
	assert.Equal(t, "a:1", environment(t, pod.Containers[0])["KAFKA_BROKERS"], "and not that of the mode, too")

	template := r.deployment.Spec.Template
	assert.Equal(t, "false", template.Annotations["sidecar"])
	assert.NotEmpty(t, template.Annotations["checksum/pipeline"])
	assert.Equal(t, "data", template.Labels["team"])
	assert.NotContains(t, r.deployment.Spec.Selector.MatchLabels, "team", "or a pod could not get another label")
}

// bitnami/charts#24082: OpenShift refuses users and groups that it has not given.
// fluent/fluent-operator#952: a chart had no way to leave them out.
func TestAPodIsAsRestrictedAsItIsSaid(t *testing.T) {
	pod := renderedWith(t, values{"mode": "frontDoor"}).pod(t)
	for _, id := range []*int64{pod.SecurityContext.RunAsUser, pod.SecurityContext.RunAsGroup, pod.SecurityContext.FSGroup} {
		assert.EqualValues(t, 65532, *id)
	}
	assert.Equal(t, core.FSGroupChangeOnRootMismatch, *pod.SecurityContext.FSGroupChangePolicy)
	assert.Equal(t, core.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type)

	pod = renderedWith(t, values{
		"podSecurityContext": map[string]any{"runAsUser": nil, "runAsGroup": nil, "fsGroup": nil},
		"securityContext":    map[string]any{"privileged": false},
	}).pod(t)
	assert.Nil(t, pod.SecurityContext.RunAsUser)
	assert.Nil(t, pod.SecurityContext.RunAsGroup)
	assert.Nil(t, pod.SecurityContext.FSGroup)
	assert.True(t, *pod.SecurityContext.RunAsNonRoot)
	assert.False(t, *pod.Containers[0].SecurityContext.Privileged)
	assert.True(t, *pod.Containers[0].SecurityContext.ReadOnlyRootFilesystem)

	// A file of values has floats.
	pod = renderedWith(t, values{"podSecurityContext": map[string]any{"fsGroup": 1000680000.}}).pod(t)
	assert.EqualValues(t, 1000680000, *pod.SecurityContext.FSGroup)
}

func environment(t *testing.T, container core.Container) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, variable := range container.Env {
		require.NotContains(t, all, variable.Name, "it is there twice")
		all[variable.Name] = variable.Value
	}
	return all
}

// vectordotdev/helm-charts#296: no replicas were still one. Here they are a pause.
func TestNoReplicasAreNoReplicas(t *testing.T) {
	for _, mode := range []string{"kafka", "frontDoor"} {
		r := renderedWith(t, values{"mode": mode, "replicas": 0})
		replicas := r.deployment.Spec.Replicas
		if mode == "frontDoor" {
			replicas = r.statefulSet.Spec.Replicas
		}
		assert.Zero(t, *replicas, mode)
	}
}

// A pipeline arrives as it was written. helm/charts#11332: what was set was indented
// by the chart, and the program refused it. bitnami/charts#2389: braces of the
// configuration were read as the chart's own.
func TestAPipelineOfYourOwnArrivesAsItIs(t *testing.T) {
	for name, pipeline := range map[string]string{
		"braces":                    "pipeline:\n  processors:\n    - mapping: 'root.a = \"{{ .Values.secret }}\"'\n",
		"a comment that is set in":  "    # first\ninput:\n  stdin: {}\n",
		"an empty first line":       "\n  # second\ninput: { stdin: {} }\n",
		"documents and tabs":        "---\ninput:\n  generate:\n    mapping: |\n      root = \"a\tb\"\n\n\n",
		"no end of line":            "input: { stdin: {} }",
		"an expression of Bloblang": "pipeline:\n  processors:\n    - mapping: |\n        root = this\n        root.a = match {\n          this.b == \"${X}\" => 1\n        }\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := renderedWith(t, values{"pipeline": pipeline})
			assert.Equal(t, strings.TrimRight(pipeline, "\n"), strings.TrimRight(r.configMap.Data["pipeline.yaml"], "\n"))
		})
	}
}
