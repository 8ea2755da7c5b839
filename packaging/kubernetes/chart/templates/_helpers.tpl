{{- define "benthos-segment.labels" -}}
{{ include "benthos-segment.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "benthos-segment.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* Kubernetes adds up to eleven characters to the name of a StatefulSet, and a label
has 63 at most. */ -}}
{{- define "benthos-segment.fullname" -}}
{{- regexReplaceAll "-+$" (.Values.fullnameOverride | default .Release.Name | trunc 52) "" }}
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
{{- with include "benthos-segment.maxBytes" . }}
{{- $_ := set $all "QUEUE_MAX_BYTES" . }}
{{- end }}
{{- else }}
{{- $_ := set $all "KAFKA_BROKERS" "kafka:9092" }}
{{- end }}
{{- $known := list "METRICS_ADDRESS" }}
{{- if include "benthos-segment.isDoor" . }}
{{- $known = concat $known (list "GATEWAY_ADDRESS" "TLS_CERT_FILE" "QUEUE_PATH" "QUEUE_MAX_BYTES") }}
{{- end }}
{{- range .Values.extraEnv }}
{{- if hasKey $.Values.env .name }}
{{- fail (printf "extraEnv: %s is set in env, too: remove one of them" .name) }}
{{- end }}
{{- if has .name $known }}
{{- fail (printf "extraEnv: the chart has to know %s, too: set it in env, and QUEUE_MAX_BYTES by queue.maxBytes" .name) }}
{{- end }}
{{- $all = unset $all .name }}
{{- end }}
{{- if and (include "benthos-segment.isDoor" .) (hasKey .Values.env "QUEUE_MAX_BYTES") }}
{{- fail "env: QUEUE_MAX_BYTES is set by queue.maxBytes, which is compared with queue.size" }}
{{- end }}
{{- range $name, $value := .Values.env }}
{{- if kindIs "float64" $value }}
{{- if eq (floor $value) $value }}{{ $value = int64 $value }}{{ end }}
{{- end }}
{{- $_ := set $all $name (toString $value) }}
{{- end }}
{{- toJson $all }}
{{- end }}

{{- /* The port of an address that the process listens on: a list of what all templates
have, and of the name of the variable. */ -}}
{{- define "benthos-segment.port" -}}
{{- $name := index . 1 }}
{{- $address := get (include "benthos-segment.environment" (index . 0) | fromJson) $name }}
{{- $port := regexFind ":[0-9]+$" $address | trimPrefix ":" }}
{{- if not $port }}
{{- fail (printf "env.%s: %q has no port: write 0.0.0.0:PORT" $name $address) }}
{{- end }}
{{- if regexMatch "^(127\\.|localhost:|\\[::1\\])" $address }}
{{- fail (printf "env.%s: the kubelet and others come from outside the pod, and cannot reach %s: write 0.0.0.0:%s" $name $address $port) }}
{{- end }}
{{- $port }}
{{- end }}

{{- define "benthos-segment.doorPort" -}}
{{- $environment := include "benthos-segment.environment" . | fromJson }}
{{- ternary "https" "http" (not (empty $environment.TLS_CERT_FILE)) }}
{{- end }}

{{- /* The bytes of a quantity, or nothing where it is none that is known here. */ -}}
{{- define "benthos-segment.bytes" -}}
{{- $units := dict "" 1 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 }}
{{- $number := regexFind "^[0-9]+([.][0-9]+)?" . }}
{{- $unit := trimPrefix $number . }}
{{- if and $number (hasKey $units $unit) }}{{ mulf (float64 $number) (get $units $unit) | int64 }}{{ end }}
{{- end }}

{{- /* How much may wait in the queue: docs/journal.md says what room that takes. How
large a volume of somebody's own is, nobody knows here. */ -}}
{{- define "benthos-segment.maxBytes" -}}
{{- $queue := .Values.queue }}
{{- $size := include "benthos-segment.bytes" $queue.size | default "0" | int64 }}
{{- if not (hasPrefix "/var/lib/benthos-segment/" (printf "%v/" (.Values.env.QUEUE_PATH | default "/var/lib/benthos-segment"))) }}{{ $size = 0 }}{{ end }}
{{- $least := 300000000 | int64 }}
{{- if and $size (le $size $least) }}
{{- fail (printf "queue.size: %s is too small: a queue takes 300 MB beside its events" $queue.size) }}
{{- end }}
{{- if not $queue.maxBytes }}
{{- if $size }}{{ div (mul 2 (sub $size $least)) 3 }}{{ end }}
{{- else }}
{{- $needed := add (div (mul 6 (int64 $queue.maxBytes)) 5) $least }}
{{- if and $size (gt $needed $size) }}
{{- fail (printf "queue.maxBytes: %s bytes of events take %d on the disk, and queue.size is %s: raise queue.size, or lower queue.maxBytes" $queue.maxBytes $needed $queue.size) }}
{{- end }}
{{- $queue.maxBytes }}
{{- end }}
{{- end }}

{{- /* The pod, the same for both modes but for the front door and its queue. */ -}}
{{- define "benthos-segment.pod" -}}
{{- $isDoor := include "benthos-segment.isDoor" . }}
{{- $environment := include "benthos-segment.environment" . | fromJson }}
{{- $door := include "benthos-segment.doorPort" . }}
{{- $selector := include "benthos-segment.selector" . }}
metadata:
  labels:
    {{- $selector | nindent 4 }}
    {{- range $name, $value := .Values.podLabels }}
    {{- if hasKey (fromYaml $selector) $name }}
    {{- fail (printf "podLabels: %s is how the pods are found: take another name" $name) }}
    {{- end }}
    {{ $name }}: {{ $value | quote }}
    {{- end }}
  annotations:
    # A changed pipeline starts the pods again.
    checksum/pipeline: {{ include "benthos-segment.pipeline" . | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  # Above the shutdown_timeout of the pipeline: 60 s from Kafka, 8 s at the front door.
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds | default (ternary 30 75 (eq $isDoor "true")) | int64 }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.serviceAccountName }}
  serviceAccountName: {{ . | quote }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  securityContext: {{- toYaml .Values.podSecurityContext | nindent 4 }}
  containers:
    - name: pipeline
      image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
      args: [ run, --env-file, /run/secrets/benthos-segment/secret.env, /etc/benthos-segment/pipeline.yaml ]
      env:
        {{- range $name, $value := $environment }}
        - name: {{ $name | quote }}
          value: {{ $value | quote }}
        {{- end }}
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - { name: metrics, containerPort: {{ include "benthos-segment.port" (list . "METRICS_ADDRESS") }} }
        {{- if $isDoor }}
        - { name: {{ $door }}, containerPort: {{ include "benthos-segment.port" (list . "GATEWAY_ADDRESS") }} }
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
        httpGet: { path: /ready, port: {{ $door }}{{ if eq $door "https" }}, scheme: HTTPS{{ end }} }
        {{- else }}
        # The input is connected to Kafka. Whether Segment can be reached is not asked.
        httpGet: { path: /ready, port: metrics }
        {{- end }}
        periodSeconds: 5
      resources: {{- toYaml .Values.resources | nindent 8 }}
      securityContext: {{- toYaml .Values.securityContext | nindent 8 }}
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
      configMap: { name: {{ include "benthos-segment.fullname" . }} }
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
