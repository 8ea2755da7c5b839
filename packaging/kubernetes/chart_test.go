package main

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const repository = "../.."

// rendered is what the chart makes, as Kubernetes reads it. A name that it does
// not know is an error.
type rendered struct {
	configMap   core.ConfigMap
	service     core.Service
	pods        core.Service
	budget      policy.PodDisruptionBudget
	deployment  apps.Deployment
	statefulSet apps.StatefulSet
	monitor     monitoring.ServiceMonitor
	network     networking.NetworkPolicy
	scaler      scaledObject
	kinds       []string
}

func renderedWith(t *testing.T, set values) (r rendered) {
	t.Helper()
	documents, err := render(release{"segment", set})
	require.NoError(t, err)
	into := map[string]any{
		"configmap.yaml": &r.configMap, "service.yaml": &r.service, "poddisruptionbudget.yaml": &r.budget,
		"deployment.yaml": &r.deployment, "statefulset.yaml": &r.statefulSet,
		"servicemonitor.yaml": &r.monitor, "service_pods.yaml": &r.pods, "networkpolicy.yaml": &r.network,
	}
	for name, text := range documents {
		r.kinds = append(r.kinds, strings.TrimSuffix(path.Base(name), ".yaml"))
		if path.Base(name) == "scaledobject.yaml" {
			r.scaler = readScaledObject(t, text)
			continue
		}
		object, exists := into[path.Base(name)]
		require.True(t, exists, name)
		require.NoError(t, yaml.UnmarshalStrict([]byte(text), object), text)
	}
	return r
}

func (r rendered) pod(t *testing.T) core.PodSpec {
	t.Helper()
	template := r.deployment.Spec.Template
	if r.statefulSet.Name != "" {
		template = r.statefulSet.Spec.Template
	}
	require.Len(t, template.Spec.Containers, 1)
	return template.Spec
}

func TestTheChartMakesWhatKubernetesReads(t *testing.T) {
	for name, test := range map[string]struct {
		set      values
		kinds    []string
		replicas int32
	}{
		"kafka": {values{}, []string{"configmap", "deployment", "poddisruptionbudget", "service_pods"}, 2},
		"front door": {
			values{"mode": "frontDoor"},
			[]string{"configmap", "statefulset", "poddisruptionbudget", "service", "service_pods"},
			1,
		},
		"front door, watched and closed": {
			values{
				"mode": "frontDoor", "replicas": 3, "serviceMonitor": map[string]any{"enabled": true},
				"networkPolicy": map[string]any{"enabled": true, "metricsFrom": map[string]any{"team": "watch"}},
			},
			[]string{"configmap", "statefulset", "poddisruptionbudget", "service", "service_pods", "servicemonitor", "networkpolicy"},
			3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := renderedWith(t, test.set)
			assert.ElementsMatch(t, test.kinds, r.kinds)
			selected := r.pods.Spec.Selector
			labels, replicas := r.deployment.Spec.Template.Labels, r.deployment.Spec.Replicas
			if r.statefulSet.Name != "" {
				labels, replicas = r.statefulSet.Spec.Template.Labels, r.statefulSet.Spec.Replicas
				assert.Equal(t, selected, r.statefulSet.Spec.Selector.MatchLabels)
				assert.Equal(t, "20Gi", r.statefulSet.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests.Storage().String())
				assert.Equal(t, r.pods.Name, r.statefulSet.Spec.ServiceName)
				assert.Equal(t, selected, r.service.Spec.Selector)
			} else {
				assert.Equal(t, selected, r.deployment.Spec.Selector.MatchLabels)
			}
			assert.Equal(t, selected, labels, "the service finds the pods")
			assert.Equal(t, selected, r.budget.Spec.Selector.MatchLabels)
			assert.Equal(t, test.replicas, *replicas)

			pod := r.pod(t)
			assert.True(t, *pod.SecurityContext.RunAsNonRoot)
			container := pod.Containers[0]
			assert.True(t, *container.SecurityContext.ReadOnlyRootFilesystem)
			assert.Equal(t, policy.AlwaysAllow, *r.budget.Spec.UnhealthyPodEvictionPolicy, "a pod that is not ready keeps no node from being drained")
			assert.Equal(t, "0.0.0.0:4195", environment(t, container)["METRICS_ADDRESS"])
		})
	}
}

// The pipelines of the chart are those of config/, which has their tests.
func TestThePipelinesOfTheChartAreThoseOfConfig(t *testing.T) {
	for _, name := range []string{"kafka_scaled.yaml", "gateway.yaml"} {
		want, err := os.ReadFile(filepath.Join(repository, "config", name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join("chart/files", name))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "make manifests")
	}
}

func TestThePlainManifestsAreThoseOfTheChart(t *testing.T) {
	for name, r := range manifests {
		want, err := manifest(r)
		require.NoError(t, err)
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "make manifests")
	}
}

// Both are applied to one namespace, where one would overwrite the other.
func TestThePlainManifestsShareNoObject(t *testing.T) {
	files := map[string]string{}
	for file, r := range manifests {
		documents, err := render(r)
		require.NoError(t, err)
		for _, text := range documents {
			var object meta.PartialObjectMetadata
			require.NoError(t, yaml.Unmarshal([]byte(text), &object))
			key := object.Kind + " " + object.Name
			assert.Empty(t, files[key], key)
			files[key] = file
		}
	}
}
