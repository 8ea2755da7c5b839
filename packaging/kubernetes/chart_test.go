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
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

const repository = "../.."

// rendered is what the chart makes, as Kubernetes reads it. A name that it does
// not know is an error.
type rendered struct {
	configMap   core.ConfigMap
	service     core.Service
	budget      policy.PodDisruptionBudget
	deployment  apps.Deployment
	statefulSet apps.StatefulSet
	monitor     monitoring.ServiceMonitor
	scaler      scaledObject
	kinds       []string
}

func renderedWith(t *testing.T, set values) (r rendered) {
	t.Helper()
	documents, err := render(set)
	require.NoError(t, err)
	into := map[string]any{
		"configmap.yaml": &r.configMap, "service.yaml": &r.service, "poddisruptionbudget.yaml": &r.budget,
		"deployment.yaml": &r.deployment, "statefulset.yaml": &r.statefulSet,
		"servicemonitor.yaml": &r.monitor,
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
		set   values
		kinds []string
	}{
		"kafka": {values{}, []string{"configmap", "deployment", "poddisruptionbudget", "service"}},
		"front door": {
			values{"mode": "frontDoor"},
			[]string{"configmap", "statefulset", "poddisruptionbudget", "service"},
		},
		"kafka, watched and scaled": {
			values{"serviceMonitor": true, "autoscaling": map[string]any{"enabled": true}},
			[]string{"configmap", "deployment", "poddisruptionbudget", "service", "servicemonitor", "scaledobject"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := renderedWith(t, test.set)
			assert.ElementsMatch(t, test.kinds, r.kinds)
			selected := r.service.Spec.Selector
			labels := r.deployment.Spec.Template.Labels
			if r.statefulSet.Name != "" {
				labels = r.statefulSet.Spec.Template.Labels
				assert.Equal(t, selected, r.statefulSet.Spec.Selector.MatchLabels)
				assert.Equal(t, "20Gi", r.statefulSet.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests.Storage().String())
			} else {
				assert.Equal(t, selected, r.deployment.Spec.Selector.MatchLabels)
			}
			assert.Equal(t, selected, labels, "the service finds the pods")
			assert.Equal(t, selected, r.budget.Spec.Selector.MatchLabels)

			pod := r.pod(t)
			assert.True(t, *pod.SecurityContext.RunAsNonRoot)
			container := pod.Containers[0]
			assert.True(t, *container.SecurityContext.ReadOnlyRootFilesystem)
			assert.Equal(t, "0.0.0.0:4195", environment(container)["METRICS_ADDRESS"])
		})
	}
}

func TestScalingByLagNeedsATopicAndAdmitsNoFrontDoor(t *testing.T) {
	scaled := values{"autoscaling": map[string]any{"enabled": true}, "replicas": 3}
	r := renderedWith(t, scaled)
	assert.Nil(t, r.deployment.Spec.Replicas, "or each upgrade would set it back")
	assert.Equal(t, 3, r.scaler.Spec.MinReplicaCount)
	assert.Equal(t, r.deployment.Name, r.scaler.Spec.ScaleTargetRef.Name)
	assert.Equal(t, "50000", r.scaler.Spec.Triggers[0].Metadata["lagThreshold"])
	assert.Equal(t, "rudderstack-events", r.scaler.Spec.Triggers[0].Metadata["topic"])

	_, err := render(values{"autoscaling": map[string]any{"enabled": true}, "mode": "frontDoor"})
	assert.ErrorContains(t, err, "set autoscaling.enabled to false")
	_, err = render(values{"mode": "rabbit"})
	assert.ErrorContains(t, err, "mode")
	_, err = render(values{"replica": 3})
	assert.ErrorContains(t, err, "replica")
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
	for name, set := range manifests {
		want, err := manifest(set)
		require.NoError(t, err)
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "make manifests")
	}
}

func environment(container core.Container) map[string]string {
	all := map[string]string{}
	for _, variable := range container.Env {
		all[variable.Name] = variable.Value
	}
	return all
}
