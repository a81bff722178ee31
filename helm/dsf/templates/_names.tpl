{{- define "dsf.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Release and chart; once where one contains the other. Room is left for the phase's name. */}}
{{- define "dsf.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "dsf.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "dsf.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* (root, component) */}}
{{- define "dsf.selector" -}}
app.kubernetes.io/name: {{ include "dsf.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "dsf.labels" -}}
{{ include "dsf.selector" . }}
app.kubernetes.io/part-of: dsf
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* (root, app) */}}
{{- define "dsf.image" -}}
{{- $image := .root.Values.image -}}
{{- $path := printf "%s/%s" $image.repository .app -}}
{{- if $image.registry -}}{{- $path = printf "%s/%s" $image.registry $path -}}{{- end -}}
{{- printf "%s:%s" $path (default .root.Chart.AppVersion $image.tag) -}}
{{- end -}}

{{/* (root, component, account) */}}
{{- define "dsf.serviceAccountName" -}}
{{- if .account.name -}}{{ .account.name }}
{{- else if .account.create -}}{{ printf "%s-%s" (include "dsf.fullname" .root) .component }}
{{- else -}}default
{{- end -}}
{{- end -}}

{{/* What a phase is set to: its own values over the defaults. (root, phase) */}}
{{- define "dsf.phase" -}}
{{- mergeOverwrite (deepCopy .root.Values.defaults) (index .root.Values.phases .phase | default dict) | toYaml -}}
{{- end -}}

{{/* A quantity of memory in MiB, rounded down. */}}
{{- define "dsf.mebibytes" -}}
{{- $text := toString . -}}
{{- $number := regexFind "^[0-9]+(\\.[0-9]+)?" $text | float64 -}}
{{- $unit := regexReplaceAll "^[0-9.]+" $text "" -}}
{{- $bytes := dict "" 1.0 "k" 1e3 "M" 1e6 "G" 1e9 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 -}}
{{- if not (hasKey $bytes $unit) -}}{{- fail (printf "memory limit %s: give it in Mi or Gi" $text) -}}{{- end -}}
{{- divf (mulf $number (get $bytes $unit)) 1048576.0 | floor | int -}}
{{- end -}}
