{{/* (root, name, selector, scaling) */}}
{{- define "dsf.hpa" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ .name }}
  labels: {{- include "dsf.labels" .selector | nindent 4 }}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{ .name }} }
  minReplicas: {{ int .scaling.minReplicas }}
  maxReplicas: {{ int .scaling.maxReplicas }}
  metrics:
    {{- with .scaling.hpa.cpuPercent }}
    - type: Resource
      resource: { name: cpu, target: { type: Utilization, averageUtilization: {{ int . }} } }
    {{- end }}
    {{- with .scaling.hpa.memoryPercent }}
    - type: Resource
      resource: { name: memory, target: { type: Utilization, averageUtilization: {{ int . }} } }
    {{- end }}
  {{- with .scaling.hpa.behavior }}
  behavior: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* (root, name, selector, scaling, phase) */}}
{{- define "dsf.keda" -}}
{{- $keda := .scaling.keda -}}
{{- $prefix := .root.Values.internal.prefix -}}
{{- $topics := dict "flattener" "dsf.raw" "summariser" "dsf.points" "publisher" "dsf.summary" -}}
{{- $groups := dict "flattener" "dsf.flatten" "summariser" "dsf.summarise" "publisher" "dsf.publish" -}}
{{- $words := dict "ingestor" "ingest" "flattener" "flatten" "summariser" "summarise" "publisher" "publish" -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ .name }}
  labels: {{- include "dsf.labels" .selector | nindent 4 }}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{ .name }} }
  minReplicaCount: {{ int .scaling.minReplicas }}
  maxReplicaCount: {{ int .scaling.maxReplicas }}
  pollingInterval: {{ int $keda.pollingInterval }}
  cooldownPeriod: {{ int $keda.cooldownPeriod }}
  triggers:
    {{- if eq $keda.trigger "kafka" }}
    - type: kafka
      metadata:
        bootstrapServers: {{ default (join "," .root.Values.internal.kafka.brokers) $keda.kafka.bootstrapServers | quote }}
        topic: {{ default (printf "%s%s" $prefix (get $topics .phase)) $keda.kafka.topic | quote }}
        consumerGroup: {{ default (printf "%s%s" $prefix (get $groups .phase)) $keda.kafka.consumerGroup | quote }}
        lagThreshold: {{ int $keda.kafka.lagThreshold | quote }}
        offsetResetPolicy: earliest
        allowIdleConsumers: 'false'
      {{- with $keda.kafka.authenticationRef }}
      authenticationRef: { name: {{ . }} }
      {{- end }}
    {{- else }}
    - type: prometheus
      metadata:
        serverAddress: {{ $keda.prometheus.serverAddress | quote }}
        query: {{ default (printf "sum(max by (source) (dsf_backlog_records{namespace=\"%s\",phase=\"%s\"}))" .root.Release.Namespace (get $words .phase)) $keda.prometheus.query | quote }}
        threshold: {{ int $keda.prometheus.threshold | quote }}
      {{- with $keda.prometheus.authenticationRef }}
      authenticationRef: { name: {{ . }} }
      {{- end }}
    {{- end }}
{{- end -}}
