{{- define "labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "isDoor" -}}
{{- if eq .Values.mode "frontDoor" }}true{{ end }}
{{- end }}

{{- define "pipeline" -}}
{{- if .Values.pipeline }}{{ .Values.pipeline }}
{{- else if include "isDoor" . }}{{ .Files.Get "files/gateway.yaml" }}
{{- else }}{{ .Files.Get "files/kafka_scaled.yaml" }}
{{- end }}
{{- end }}

{{- /* The pod, the same for both modes but for the front door and its queue. */ -}}
{{- define "pod" -}}
metadata:
  labels: {{- include "selector" . | nindent 4 }}
  annotations:
    # A changed pipeline starts the pods again.
    checksum/pipeline: {{ include "pipeline" . | sha256sum }}
spec:
  # Above the shutdown_timeout of the pipeline: 60 s from Kafka, 8 s at the front door.
  terminationGracePeriodSeconds: {{ if include "isDoor" . }}30{{ else }}75{{ end }}
  automountServiceAccountToken: false
  enableServiceLinks: false
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
        # The kubelet and Prometheus come from outside the pod.
        - name: METRICS_ADDRESS
          value: "0.0.0.0:4195"
        {{- if include "isDoor" . }}
        - name: GATEWAY_ADDRESS
          value: "0.0.0.0:8080"
        - name: QUEUE_PATH
          value: /var/lib/benthos-segment/queue
        - name: DEAD_LETTERS
          value: /var/lib/benthos-segment/dead_letters.ndjson
        {{- end }}
        {{- range $name, $value := .Values.env }}
        - name: {{ $name }}
          value: {{ $value | quote }}
        {{- end }}
      ports:
        - { name: metrics, containerPort: 4195 }
        {{- if include "isDoor" . }}
        - { name: http, containerPort: 8080 }
        {{- end }}
      {{- if include "isDoor" . }}
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
        {{- if include "isDoor" . }}
        # It has room for requests, also while Segment is away.
        httpGet: { path: /ready, port: http }
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
        {{- if include "isDoor" . }}
        - { name: queue, mountPath: /var/lib/benthos-segment }
        {{- end }}
  volumes:
    - name: pipeline
      configMap: { name: {{ .Release.Name }} }
    - name: secret
      secret: { secretName: {{ .Values.secret }}, defaultMode: 0440 }
  {{- with .Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
