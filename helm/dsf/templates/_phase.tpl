{{/* Everything of one phase. (root, phase, set) */}}
{{- define "dsf.phaseManifests" -}}
{{- $selector := dict "root" .root "component" .phase -}}
{{- $name := printf "%s-%s" (include "dsf.fullname" .root) .phase -}}
{{- $set := .set -}}
{{- if and $set.serviceAccount.create (not $set.serviceAccount.name) }}
---
{{ include "dsf.serviceAccount" (dict "root" .root "component" .phase "account" $set.serviceAccount) }}
{{- end }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  labels: {{- include "dsf.labels" $selector | nindent 4 }}
spec:
  {{- if eq $set.autoscaling.kind "none" }}
  replicas: {{ int (default 1 $set.replicas) }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 }
  selector:
    matchLabels: {{- include "dsf.selector" $selector | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "dsf.labels" $selector | nindent 8 }}
        {{- with $set.podLabels }}{{ toYaml . | nindent 8 }}{{- end }}
      {{- with $set.podAnnotations }}
      annotations: {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      terminationGracePeriodSeconds: {{ int $set.terminationGracePeriodSeconds }}
      {{- if $set.topologySpread.enabled }}
      topologySpreadConstraints:
        {{- with $set.topologySpread.constraints }}
        {{- toYaml . | nindent 8 }}
        {{- else }}
        {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - maxSkew: 1
          topologyKey: {{ $key }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "dsf.selector" $selector | nindent 14 }}
        {{- end }}
        {{- end }}
      {{- end }}
      {{- include "dsf.podSpec" (dict "root" .root "component" .phase "app" .phase "prefix" (upper .phase) "service" .phase "set" $set "probes" true) | nindent 6 }}
{{- if $set.podDisruptionBudget.enabled }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
  labels: {{- include "dsf.labels" $selector | nindent 4 }}
spec:
  maxUnavailable: {{ $set.podDisruptionBudget.maxUnavailable }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "dsf.selector" $selector | nindent 6 }}
{{- end }}
{{- if eq $set.autoscaling.kind "hpa" }}
---
{{ include "dsf.hpa" (dict "root" .root "name" $name "selector" $selector "scaling" $set.autoscaling) }}
{{- else if eq $set.autoscaling.kind "keda" }}
---
{{ include "dsf.keda" (dict "root" .root "name" $name "selector" $selector "scaling" $set.autoscaling "phase" .phase) }}
{{- end }}
{{- end -}}

{{/* (root, component, account, annotations) */}}
{{- define "dsf.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "dsf.serviceAccountName" . }}
  labels: {{- include "dsf.labels" (dict "root" .root "component" .component) | nindent 4 }}
  {{- with mergeOverwrite (deepCopy (default dict .account.annotations)) (default dict .annotations) }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: {{ default false .account.automountToken }}
{{- end -}}
