{{- define "benthos-segment.labels" -}}
{{ include "benthos-segment.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "benthos-segment.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "benthos-segment.isDoor" -}}
{{- if eq .Values.mode "frontDoor" }}true{{ end }}
{{- end }}

{{- define "benthos-segment.replicas" -}}
{{- if kindIs "invalid" .Values.replicas }}{{ ternary 1 2 (eq .Values.mode "frontDoor") }}
{{- else }}{{ int64 .Values.replicas }}
{{- end }}
{{- end }}

{{- define "benthos-segment.pipeline" -}}
{{- if .Values.pipeline }}{{ .Values.pipeline }}
{{- else if include "benthos-segment.isDoor" . }}{{ .Files.Get "files/gateway.yaml" }}
{{- else }}{{ .Files.Get "files/kafka_scaled.yaml" }}
{{- end }}
{{- end }}

{{- /* The environment of the pod: what belongs to the mode, under what is set. A whole
number of a file of values is a float for Helm, which writes a million as 1e+06.
The addresses are 0.0.0.0, because the kubelet and Prometheus come from outside. */ -}}
{{- define "benthos-segment.environment" -}}
{{- $all := dict "METRICS_ADDRESS" "0.0.0.0:4195" }}
{{- if include "benthos-segment.isDoor" . }}
{{- $_ := set $all "GATEWAY_ADDRESS" "0.0.0.0:8080" }}
{{- $_ := set $all "QUEUE_PATH" "/var/lib/benthos-segment/queue" }}
{{- $_ := set $all "DEAD_LETTERS" "/var/lib/benthos-segment/dead_letters.ndjson" }}
{{- else }}
{{- $_ := set $all "KAFKA_BROKERS" "kafka:9092" }}
{{- end }}
{{- range $name, $value := .Values.env }}
{{- if kindIs "float64" $value }}
{{- if eq (floor $value) $value }}{{ $value = int64 $value }}{{ end }}
{{- end }}
{{- $_ := set $all $name (toString $value) }}
{{- end }}
{{- toJson $all }}
{{- end }}

{{- /* The pod, the same for both modes but for the front door and its queue. */ -}}
{{- define "benthos-segment.pod" -}}
{{- $isDoor := include "benthos-segment.isDoor" . }}
{{- $environment := include "benthos-segment.environment" . | fromJson }}
metadata:
  labels: {{- include "benthos-segment.selector" . | nindent 4 }}
  annotations:
    # A changed pipeline starts the pods again.
    checksum/pipeline: {{ include "benthos-segment.pipeline" . | sha256sum }}
spec:
  # Above the shutdown_timeout of the pipeline: 60 s from Kafka, 8 s at the front door.
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds | default (ternary 30 75 (eq $isDoor "true")) | int64 }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile: { type: RuntimeDefault }
  containers:
    - name: pipeline
      image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
      args: [ run, --env-file, /run/secrets/benthos-segment/secret.env, /etc/benthos-segment/pipeline.yaml ]
      env:
        {{- range $name, $value := $environment }}
        - name: {{ $name | quote }}
          value: {{ $value | quote }}
        {{- end }}
      ports:
        - { name: metrics, containerPort: 4195 }
        {{- if $isDoor }}
        - { name: http, containerPort: 8080 }
        {{- end }}
      {{- if $isDoor }}
      # The service goes on for a moment to send to a pod that was told to end.
      lifecycle: { preStop: { sleep: { seconds: 5 } } }
      {{- end }}
      # The process lives. It says so also while Segment or Kafka is away: to start it
      # again would help nobody.
      livenessProbe:
        httpGet: { path: /ping, port: metrics }
        periodSeconds: 10
        failureThreshold: 6
      readinessProbe:
        {{- if $isDoor }}
        # It has room for requests, also while Segment is away.
        httpGet: { path: /ready, port: http{{ if $environment.TLS_CERT_FILE }}, scheme: HTTPS{{ end }} }
        {{- else }}
        # The input is connected to Kafka. Whether Segment can be reached is not asked.
        httpGet: { path: /ready, port: metrics }
        {{- end }}
        periodSeconds: 5
      resources: {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        readOnlyRootFilesystem: true
        allowPrivilegeEscalation: false
        capabilities: { drop: [ ALL ] }
      volumeMounts:
        - { name: pipeline, mountPath: /etc/benthos-segment, readOnly: true }
        - { name: secret, mountPath: /run/secrets/benthos-segment, readOnly: true }
        {{- if $isDoor }}
        - { name: queue, mountPath: /var/lib/benthos-segment }
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: pipeline
      configMap: { name: {{ .Release.Name }} }
    - name: secret
      secret: { secretName: {{ .Values.secret }}, defaultMode: 0440 }
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- range $name := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" }}
  {{- with index $.Values $name }}
  {{ $name }}: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end }}
