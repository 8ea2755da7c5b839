package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestScalingByLagNeedsATopicAndAdmitsNoFrontDoor(t *testing.T) {
	// Helm reads the whole numbers of a file as floats.
	scaled := values{"autoscaling": map[string]any{"enabled": true, "lag": 1e6}, "replicas": 3.}
	r := renderedWith(t, scaled)
	assert.Nil(t, r.deployment.Spec.Replicas, "or each upgrade would set it back")
	assert.Equal(t, 3, r.scaler.Spec.MinReplicaCount)
	assert.Equal(t, r.deployment.Name, r.scaler.Spec.ScaleTargetRef.Name)
	// A cooldownPeriod counts only where KEDA scales down to zero.
	assert.Equal(t, 600, r.scaler.Spec.Advanced.HorizontalPodAutoscalerConfig.Behavior.ScaleDown.StabilizationWindowSeconds)
	trigger := r.scaler.Spec.Triggers[0]
	assert.Equal(t, map[string]string{
		"bootstrapServers": "kafka:9092", "consumerGroup": "benthos-segment", "topic": "rudderstack-events",
		"lagThreshold": "1000000", "offsetResetPolicy": "earliest", "limitToPartitionsWithLag": "true",
	}, trigger.Metadata)
	assert.Empty(t, trigger.AuthenticationRef.Name)

	r = renderedWith(t, values{"autoscaling": map[string]any{"enabled": true, "authentication": "sasl"}})
	assert.Equal(t, "sasl", r.scaler.Spec.Triggers[0].AuthenticationRef.Name)
	assert.Equal(t, 2, r.scaler.Spec.MinReplicaCount)
}

// bakdata/streams-bootstrap#260: an upgrade started pods while scaling was paused. And
// without the annotation, the next lag would.
func TestNoReplicasPauseScalingByLag(t *testing.T) {
	r := renderedWith(t, values{"autoscaling": map[string]any{"enabled": true}, "replicas": 0})
	assert.Equal(t, "0", r.scaler.Metadata.Annotations["autoscaling.keda.sh/paused-replicas"])
	assert.Zero(t, *r.deployment.Spec.Replicas)

	r = renderedWith(t, values{"autoscaling": map[string]any{"enabled": true}})
	assert.NotContains(t, r.scaler.Metadata.Annotations, "autoscaling.keda.sh/paused-replicas")
}

// kedacore/keda#6718 and IBM/sarama#2408: Kafka 4 has given up the protocol that KEDA
// speaks by default.
func TestTheVersionOfKafkaIsHandedOn(t *testing.T) {
	r := renderedWith(t, values{"autoscaling": map[string]any{"enabled": true, "kafkaVersion": "2.1.0"}})
	assert.Equal(t, "2.1.0", r.scaler.Spec.Triggers[0].Metadata["version"])
}

func TestKEDALooksAtTheTopicOfThePipeline(t *testing.T) {
	r := renderedWith(t, values{
		"autoscaling": map[string]any{"enabled": true},
		"env":         map[string]any{"KAFKA_TOPIC": "mine", "KAFKA_GROUP": "ours", "KAFKA_BROKERS": "a:1,b:2"},
	})
	metadata := r.scaler.Spec.Triggers[0].Metadata
	assert.Equal(t, []string{"mine", "ours", "a:1,b:2"}, []string{metadata["topic"], metadata["consumerGroup"], metadata["bootstrapServers"]})
}
