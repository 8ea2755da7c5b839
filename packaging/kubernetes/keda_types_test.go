//go:build keda

package main

import (
	"testing"

	keda "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// KEDA's types bring a whole client of Kubernetes with them, which costs minutes to
// check: make test has the tag, and the static checks do not.
func TestKEDAReadsTheScaledObject(t *testing.T) {
	documents, err := render(release{"segment", values{"autoscaling": map[string]any{"enabled": true, "authentication": "sasl"}}})
	require.NoError(t, err)
	text := documents["benthos-segment/templates/scaledobject.yaml"]
	require.NotEmpty(t, text)
	var object keda.ScaledObject
	require.NoError(t, yaml.UnmarshalStrict([]byte(text), &object), text)

	assert.Equal(t, keda.GroupVersion.String(), object.APIVersion)
	assert.Equal(t, "ScaledObject", object.Kind)
	assert.Equal(t, "segment", object.Spec.ScaleTargetRef.Name)
	assert.EqualValues(t, 2, *object.GetHPAMinReplicas())
	assert.EqualValues(t, 12, object.GetHPAMaxReplicas())
	require.NoError(t, keda.CheckReplicaCountBoundsAreValid(&object))
	require.Len(t, object.Spec.Triggers, 1)
	assert.Equal(t, "kafka", object.Spec.Triggers[0].Type)
	assert.Equal(t, "sasl", object.Spec.Triggers[0].AuthenticationRef.Name)
	require.NoError(t, keda.ValidateTriggers(object.Spec.Triggers))
}

func TestKEDAPausesForNoReplicas(t *testing.T) {
	documents, err := render(release{"segment", values{"autoscaling": map[string]any{"enabled": true}, "replicas": 0}})
	require.NoError(t, err)
	var object keda.ScaledObject
	require.NoError(t, yaml.UnmarshalStrict([]byte(documents["benthos-segment/templates/scaledobject.yaml"]), &object))
	assert.Equal(t, "0", object.Annotations[keda.PausedReplicasAnnotation])
	assert.True(t, object.HasPausedAnnotation())
	require.NoError(t, keda.CheckReplicaCountBoundsAreValid(&object))
}
